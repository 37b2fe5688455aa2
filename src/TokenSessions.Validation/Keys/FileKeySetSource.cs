namespace TokenSessions.Validation.Keys;

/// <summary>A key set in a local file (JWKS), read afresh at every fetch.</summary>
/// <param name="path">The file.</param>
public sealed class FileKeySetSource(string path) : IKeySetSource
{
    /// <inheritdoc/>
    public async Task<KeySet> FetchAsync(CancellationToken cancellationToken)
    {
        try
        {
            // One byte more than allowed is enough to know that it is too long.
            var buffer = new byte[KeySet.MaxDocumentLength + 1];
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            await using (file.ConfigureAwait(false))
            {
                var length = await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)
                    .ConfigureAwait(false);
                return KeySet.Parse(buffer.AsMemory(0, length));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new KeySetUnavailableException($"The key set file {path} cannot be used: {e.Message}", e);
        }
    }
}
