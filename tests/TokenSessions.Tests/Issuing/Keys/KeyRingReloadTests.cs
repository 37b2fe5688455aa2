using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing.Keys;

public sealed class KeyRingReloadTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeClock _time = new();
    private readonly RingDirectory _directory;

    public KeyRingReloadTests() => _directory = new(_time);

    private DateTimeOffset Now => _time.GetUtcNow();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Reload_changes_the_ring_only_when_the_file_has_changed()
    {
        using var file = _directory.Load(_time);
        var ring = file.Current;
        Assert.Equal(new(KeyRingChange.None, ""), file.Reload());
        Assert.Same(ring, file.Current);

        _directory.Add("sign", Now.AddDays(700));
        _directory.Save();

        Assert.Equal(new(KeyRingChange.Replaced, ""), file.Reload());
        Assert.Equal(ring.Entries.Count + 1, file.Current.Entries.Count);
    }

    [Fact]
    public void A_broken_new_file_is_reported_each_time_and_the_old_ring_stays_until_it_is_put_right()
    {
        using var file = _directory.Load(_time);
        var ring = file.Current;
        _directory.Save("{");

        Assert.Equal(KeyRingChange.Refused, file.Reload().Change);
        Assert.Contains(_directory.Path, file.Reload().Problem);
        File.Delete(_directory.Path);
        Assert.Contains("cannot be read", file.Reload().Problem);
        Assert.Same(ring, file.Current);

        _directory.Add("sign", Now.AddDays(700));
        _directory.Save();
        Assert.Equal(KeyRingChange.Replaced, file.Reload().Change);
    }

    [Fact]
    public void A_sealing_key_can_leave_the_file_only_when_the_last_token_under_it_has_expired()
    {
        using var file = _directory.Load(_time);
        _directory.Keys.Remove(_directory.Of("seal")[0]);
        _directory.Add("seal", Now.AddDays(730));
        _directory.Save();
        _time.Advance(TimeSpan.FromDays(365 + 14 + 1) - TimeSpan.FromSeconds(1)); // Superseded, and the idle limit and a day.

        Assert.Contains("still needed to open refresh tokens", file.Reload().Problem);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(KeyRingChange.Replaced, file.Reload().Change);
    }

    [Theory]
    [InlineData("sign")]
    [InlineData("feed")]
    public void A_superseded_key_cannot_return_when_the_one_that_followed_it_leaves_the_file(string purpose)
    {
        using var file = LoadWithASupersededKey(purpose);
        var ring = file.Current;
        _directory.Keys.Remove(_directory.Of(purpose)[1]); // Revoked, say.
        _directory.Save();

        Assert.Contains($"{_directory.KidOf(purpose, 0)} was superseded", Refused(file));
        Assert.Same(ring, file.Current);

        _directory.Keys.Remove(_directory.Of(purpose)[0]); // Together with all older ones.
        RingDirectory.StartAt(_directory.Of(purpose)[0], Now - Second);
        _directory.Save();
        Assert.Equal(KeyRingChange.Replaced, file.Reload().Change);
    }

    [Theory]
    [InlineData(0, 1)] // It would take over later.
    [InlineData(0, -1)] // It would be the newest now.
    [InlineData(1, 1)] // Its successor would not have started yet.
    public void A_superseded_key_cannot_return_by_another_start(int index, int days)
    {
        using var file = LoadWithASupersededKey("sign");
        RingDirectory.StartAt(_directory.Of("sign")[index], Now.AddDays(days));
        _directory.Save();

        Assert.Contains($"{_directory.KidOf("sign", 0)} was superseded", Refused(file));
    }

    [Theory]
    [InlineData("sign")]
    [InlineData("feed")]
    [InlineData("seal")]
    public void A_purpose_cannot_lose_its_last_started_key(string purpose)
    {
        using var file = _directory.Load(_time);
        _time.Advance(TimeSpan.FromDays(800)); // Whatever is removed below opens nothing any more.
        _directory.Add(purpose, Now.AddDays(2));
        var removed = _directory.Of(purpose)[..2];
        foreach (var key in removed)
        {
            _directory.Keys.Remove(key);
        }

        _directory.Save();
        Assert.Contains("whose start has come", Refused(file));

        _directory.Keys.Add(removed[1]);
        _directory.Save();
        Assert.Equal(KeyRingChange.Replaced, file.Reload().Change);
    }

    [Fact]
    public void An_algorithm_cannot_lose_its_last_key()
    {
        using var directory = new RingDirectory(_time, SignatureAlgorithm.ES256, SignatureAlgorithm.ES384);
        using var file = directory.Load(_time);
        foreach (var key in directory.Of("sign").Where(key => (string?)key["alg"] == "ES384"))
        {
            directory.Keys.Remove(key);
        }

        directory.Save();

        Assert.Contains("signing key (ES384)", Refused(file));
    }

    [Theory]
    [InlineData("sign")]
    [InlineData("feed")]
    public void A_new_key_must_be_published_before_it_can_sign(string purpose)
    {
        using var file = _directory.Load(_time);
        var key = _directory.Add(purpose, Now + RingDirectory.Options.AnnounceTime - Second);
        _directory.Save();
        Assert.Contains($"{(string)key["kid"]!} is new and starts", Refused(file));

        RingDirectory.StartAt(key, Now + RingDirectory.Options.AnnounceTime);
        _directory.Save();
        Assert.Equal(KeyRingChange.Replaced, file.Reload().Change);

        RingDirectory.StartAt(key, Now + Second); // Now it is known.
        _directory.Save();
        Assert.Equal(KeyRingChange.Replaced, file.Reload().Change);
    }

    [Fact]
    public void A_new_sealing_key_may_start_at_once()
    {
        using var file = _directory.Load(_time);
        _directory.Add("seal", Now - Second); // Nobody else reads what it seals.
        _directory.Save();

        Assert.Equal(KeyRingChange.Replaced, file.Reload().Change);
    }

    [Fact]
    public void A_sealing_key_cannot_become_another_one_under_the_same_name()
    {
        using var file = _directory.Load(_time);
        var standby = _directory.Of("seal")[1];
        File.WriteAllText(_directory.FileOf(standby), new string('A', 43));
        _directory.Add("sign", Now.AddDays(700));
        _directory.Save();

        Assert.Contains($"{(string)standby["kid"]!} is not the key it was", Refused(file));
    }

    private static string Refused(KeyRingFile file)
    {
        var reload = file.Reload();
        Assert.Equal(KeyRingChange.Refused, reload.Change);
        return reload.Problem;
    }

    /// <summary>Three keys of a purpose: superseded ten days ago, in use, standby.</summary>
    private KeyRingFile LoadWithASupersededKey(string purpose)
    {
        _directory.Add(purpose, Now.AddDays(700));
        var keys = _directory.Of(purpose);
        RingDirectory.StartAt(keys[0], Now.AddDays(-20));
        RingDirectory.StartAt(keys[1], Now.AddDays(-10));
        _directory.Save();
        return _directory.Load(_time);
    }
}
