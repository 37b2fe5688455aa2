using System.Text.Json;

namespace TokenSessions.Issuing;

/// <summary>Who may have a session, and with which rights: an application's own user table, or the service's users file.</summary>
public interface ISubjectDirectory
{
    /// <summary>Asked at the start of every session and at every refresh, so today's answer counts.</summary>
    /// <param name="subject">The <c>sub</c>.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <returns>The subject, or null if there is none of this name.</returns>
    /// <exception cref="SubjectDirectoryUnavailableException">It cannot be told now.</exception>
    ValueTask<SubjectRecord?> FindAsync(string subject, CancellationToken cancellationToken);
}

/// <summary>What the directory says of a subject today.</summary>
public sealed record SubjectRecord
{
    /// <summary>False ends every session of the subject at its next refresh, and starts none. Default true.</summary>
    public bool IsEnabled { get; set; } = true;

    /// <summary>The <c>roles</c> claim.</summary>
    public IReadOnlyList<string> Roles { get; set; } = [];

    /// <summary>What the subject may ask for; a token gets those that its audience knows.</summary>
    public IReadOnlyList<string> Scopes { get; set; } = [];

    /// <summary>Further claims of the access token. Names that the issuer itself writes are refused.</summary>
    public IReadOnlyDictionary<string, JsonElement> Claims { get; set; } = new Dictionary<string, JsonElement>();
}

/// <summary>The directory of subjects could not be asked: answer 503.</summary>
/// <param name="message">What failed.</param>
/// <param name="innerException">Why.</param>
public sealed class SubjectDirectoryUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
