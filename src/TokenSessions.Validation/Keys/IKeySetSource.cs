namespace TokenSessions.Validation.Keys;

/// <summary>Where an issuer's key set comes from: a file, an HTTP address, or memory.</summary>
public interface IKeySetSource
{
    /// <summary>Fetches the key set as it is now.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KeySetUnavailableException">It could not be fetched, or is no usable key set.</exception>
    Task<KeySet> FetchAsync(CancellationToken cancellationToken);
}

/// <summary>The issuer's key set could not be fetched, or is no usable key set.</summary>
/// <param name="message">What failed and where.</param>
/// <param name="innerException">Why.</param>
public sealed class KeySetUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
