namespace TokenSessions.Tests.Stores;

/// <summary>A directory of one test, removed after it.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tokensessions-");

    /// <summary>A path inside it that does not exist yet.</summary>
    public string Path => System.IO.Path.Combine(_directory.FullName, "store");

    public void Dispose() => _directory.Delete(recursive: true);
}
