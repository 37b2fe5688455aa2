namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>An error as KMS answers it.</summary>
/// <param name="type">The name in <c>__type</c>.</param>
/// <param name="message">What the caller is told.</param>
/// <param name="status">The HTTP status.</param>
internal sealed class KmsException(string type, string message, int status = 400) : Exception(message)
{
    public string Type => type;

    public int Status => status;

    public static KmsException Invalid(string message) => new("ValidationException", message);
}
