using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing.Keys;

/// <summary>Keys that are added to a ring file by <see cref="KeyRingWriter.AddAsync"/>.</summary>
public sealed class KeyRingAdditionTests : IDisposable
{
    private static readonly TimeSpan Announced = RingDirectory.Options.AnnounceTime;

    private readonly FakeClock _time = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tokensessions-addition-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string RingPath => Path.Combine(_directory.FullName, "keys.json");

    private DateTimeOffset Now => _time.GetUtcNow();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task In_a_new_ring_the_first_key_of_each_kind_starts_now_and_the_next_follows_in_a_year()
    {
        await AddAsync(null, Key(KeyPurpose.Sign), Key(KeyPurpose.Feed), Key(KeyPurpose.Seal), Key(KeyPurpose.Sign), Key(KeyPurpose.Sign, SignatureAlgorithm.ES384));

        using var file = await LoadAsync();
        Assert.Equal([Now, Now, Now, Now.AddDays(365), Now], file.Current.Entries.Select(entry => entry.StartsAt));
        Assert.Equal(Now.AddDays(400), file.Current.Entries[2].SealsUntil);
    }

    [Fact]
    public async Task A_key_added_later_is_a_standby_a_year_behind_the_newest_and_a_running_issuer_takes_it()
    {
        KeyRingWriter.Create(RingPath, _time);
        using var running = await LoadAsync();
        var before = await File.ReadAllTextAsync(RingPath, Cancellation);

        await AddAsync(null, Key(KeyPurpose.Sign));

        Assert.Equal(KeyRingChange.Replaced, running.Reload().Change);
        var added = running.Current.Entries[^1];
        Assert.Equal((KeyState.Standby, Now.AddDays(730)), (running.Current.StateOf(added, Now, _ => false), added.StartsAt));
        Assert.StartsWith(before[..before.LastIndexOf(']')].TrimEnd(), await File.ReadAllTextAsync(RingPath, Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_key_of_an_algorithm_new_to_a_ring_starts_when_verifiers_can_know_it()
    {
        KeyRingWriter.Create(RingPath, _time);

        await AddAsync(null, Key(KeyPurpose.Sign, SignatureAlgorithm.RS256));

        using var file = await LoadAsync();
        Assert.InRange(file.Current.Entries[^1].StartsAt, Now + Announced, Now + Announced + TimeSpan.FromMinutes(2));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public async Task A_start_before_the_announce_time_is_refused_and_the_file_stays(int secondsAfter)
    {
        KeyRingWriter.Create(RingPath, _time);
        var before = await File.ReadAllBytesAsync(RingPath, Cancellation);
        var addition = AddAsync(Now + Announced + TimeSpan.FromSeconds(secondsAfter), Key(KeyPurpose.Sign));

        if (secondsAfter < 0)
        {
            Assert.Contains("before every verifier can know it", (await Assert.ThrowsAsync<KeyRingException>(() => addition)).Message);
            Assert.Equal(before, await File.ReadAllBytesAsync(RingPath, Cancellation));
        }
        else
        {
            await addition;
            Assert.True(before.Length < new FileInfo(RingPath).Length);
        }
    }

    [Fact]
    public async Task A_key_that_does_not_load_is_refused_and_nothing_is_written()
    {
        KeyRingWriter.Create(RingPath, _time);
        var before = await File.ReadAllBytesAsync(RingPath, Cancellation);
        var key = Key(KeyPurpose.Sign);
        foreach (var file in _directory.GetFiles($"*{key.KeyId}*"))
        {
            file.Delete();
        }

        await Assert.ThrowsAsync<KeyRingException>(() => AddAsync(null, key));
        Assert.Equal(before, await File.ReadAllBytesAsync(RingPath, Cancellation));
        Assert.DoesNotContain(_directory.GetFiles(), file => file.Name.EndsWith(".new", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_ring_keeps_the_rights_of_its_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such rights on Windows.");
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        KeyRingWriter.Create(RingPath, _time);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(RingPath, Readable);
            await AddAsync(null, Key(KeyPurpose.Seal));
            Assert.Equal(Readable, File.GetUnixFileMode(RingPath));
        }
    }

    private NewKeyRingEntry Key(KeyPurpose purpose, SignatureAlgorithm? algorithm = null) => KeyRingWriter.MakeKeyInFile(RingPath, purpose, algorithm);

    private Task AddAsync(DateTimeOffset? startsAt, params NewKeyRingEntry[] entries) =>
        KeyRingWriter.AddAsync(RingPath, entries, startsAt, RingDirectory.Options, _time, cancellationToken: Cancellation);

    private Task<KeyRingFile> LoadAsync() => KeyRingFile.OpenAsync(RingPath, RingDirectory.Options, _time, cancellationToken: Cancellation);
}
