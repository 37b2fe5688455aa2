namespace TokenSessions.Issuing.Keys;

/// <summary>Keys in files beside the ring file: for laptops and tests.</summary>
internal sealed class FileKeySource(string directory, KeyRingOptions options) : IKeySource
{
    public const string SourceName = "file";
    public const string FileMember = "file";

    public string Name => SourceName;

    public IReadOnlyCollection<string> Members { get; } = [FileMember];

    public Task<OpenedKey> OpenAsync(KeyRingItem item, CancellationToken cancellationToken)
    {
        if (!options.AllowPrivateKeysInFiles)
        {
            throw new KeyRingException($"{item.Where}: its private half lies in a file, which is refused outside Development. "
                + $"Use a key in a KMS, or set {nameof(KeyRingOptions.AllowPrivateKeysInFiles)} and guard the file.");
        }

        var path = Path.Combine(directory, item.Text(FileMember));
        return Task.FromResult(OpenedKey.Of(
            item.Purpose == KeyPurpose.Seal ? KeyFile.ReadSealingKey(path, item.Where) : KeyFile.ReadSigningKey(path, item.Where)));
    }
}
