using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing.Keys;

public sealed class KeyRingWriterTests : IDisposable
{
    private readonly FakeClock _time = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tokensessions-writer-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Makes_a_ring_that_loads_without_problems_for_every_algorithm()
    {
        var path = Path.Combine(_directory.FullName, "new", "keys.json");

        KeyRingWriter.Create(path, _time, [.. SignatureAlgorithm.All]);

        using var file = await KeyRingFile.OpenAsync(path, RingDirectory.Options, _time, cancellationToken: Cancellation);
        Assert.Empty(file.Current.Problems(_time.GetUtcNow(), _ => false));
        var algorithms = file.Current.PublishedKeys(_time.GetUtcNow(), _ => false).Keys.Select(key => key.Algorithm);
        Assert.Equal([.. SignatureAlgorithm.All, .. SignatureAlgorithm.All], algorithms); // In use, and standby.
    }

    [Fact]
    public void Files_are_for_us_alone_and_nothing_temporary_stays_behind()
    {
        var directory = Path.Combine(_directory.FullName, "data", "new");
        KeyRingWriter.Create(Path.Combine(directory, "keys.json"), _time);

        var files = Directory.GetFiles(directory);
        Assert.Equal(7, files.Length); // The ring, and two keys of each purpose.
        Assert.DoesNotContain(files, file => file.EndsWith(".new", StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            foreach (var file in files)
            {
                Assert.Equal(Ours, File.GetUnixFileMode(file));
            }

            Assert.Equal(Ours | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
            Assert.Equal(Ours | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_directory.FullName, "data")));
        }
    }

    [Fact]
    public void Refuses_to_replace_a_ring()
    {
        var path = Path.Combine(_directory.FullName, "keys.json");
        File.WriteAllText(path, "precious");

        Assert.Contains("exists already", Assert.Throws<KeyRingException>(() => KeyRingWriter.Create(path, _time)).Message);
        Assert.Equal("precious", File.ReadAllText(path));
        Assert.Single(_directory.GetFiles());
    }

    [Fact]
    public void Says_where_it_could_not_write()
    {
        var blocked = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(blocked, "");

        var path = Path.Combine(blocked, "keys.json");
        Assert.Contains(path, Assert.Throws<KeyRingException>(() => KeyRingWriter.Create(path, _time)).Message);
    }
}
