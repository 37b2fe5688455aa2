using TokenSessions.Issuing.Keys;

namespace TokenSessions.Tests.Issuing.Keys;

public sealed class KeyRingTests : IDisposable
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeClock _time = new();
    private readonly RingDirectory _directory;
    private readonly KeyRingFile _file;

    public KeyRingTests()
    {
        _directory = new(_time);
        _file = _directory.Load(_time);
    }

    private DateTimeOffset Now => _time.GetUtcNow();

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("sign")]
    [InlineData("feed")]
    [InlineData("seal")]
    public void The_newest_key_whose_start_has_come_is_in_use(string purpose)
    {
        Assert.Equal([KeyState.InUse, KeyState.Standby], States(purpose, Now));
        Assert.Equal([KeyState.InUse, KeyState.Standby], States(purpose, Now + Year - Second));
        Assert.Equal([KeyState.PreviouslyUsed, KeyState.InUse], States(purpose, Now + Year));
    }

    [Fact]
    public void Before_the_first_start_every_key_is_a_standby_and_none_is_in_use()
    {
        Assert.Equal([KeyState.Standby, KeyState.Standby], States("sign", Now - Second));
        Assert.Contains(_file.Current.Problems(Now - Second, _ => false), problem => problem.Contains("no signing key (ES256) in use"));
    }

    [Theory]
    [InlineData("sign")]
    [InlineData("feed")]
    [InlineData("seal")]
    public void The_standby_takes_over_at_once_when_the_key_in_use_is_revoked(string purpose)
    {
        Assert.Equal([KeyState.Revoked, KeyState.InUse], States(purpose, Now, _directory.KidOf(purpose, 0)));
    }

    [Fact]
    public void Of_two_standbys_the_earlier_one_takes_over()
    {
        _directory.Add("sign", Now + Year + Year);
        _directory.Save();
        _file.Reload();

        Assert.Equal([KeyState.Revoked, KeyState.InUse, KeyState.Standby], States("sign", Now, _directory.KidOf("sign", 0)));
        Assert.Equal(
            [KeyState.Revoked, KeyState.Revoked, KeyState.InUse],
            States("sign", Now, _directory.KidOf("sign", 0), _directory.KidOf("sign", 1)));
    }

    [Theory]
    [InlineData("sign")]
    [InlineData("seal")]
    public void A_superseded_key_never_returns(string purpose)
    {
        var states = States(purpose, Now + Year, _directory.KidOf(purpose, 1));

        Assert.Equal([KeyState.PreviouslyUsed, KeyState.Revoked], states);
    }

    [Fact]
    public void A_superseded_key_stays_published_until_the_last_token_under_it_has_expired()
    {
        var both = new[] { _directory.KidOf("sign", 0), _directory.KidOf("sign", 1) };
        var keep = RingDirectory.Options.KeepPublished;

        Assert.Equal(both, Published(Now)); // The standby too: verifiers must know it before it signs.
        Assert.Equal(both, Published(Now + Year + keep - Second));
        Assert.Equal(both[1..], Published(Now + Year + keep));
    }

    [Fact]
    public void A_revoked_key_leaves_the_published_set()
    {
        Assert.Equal([_directory.KidOf("sign", 1)], Published(Now, _directory.KidOf("sign", 0)));
        Assert.Equal([_directory.KidOf("sign", 0)], Published(Now, _directory.KidOf("sign", 1)));
    }

    [Fact]
    public void Feed_keys_are_published_apart_from_token_keys()
    {
        var feed = _file.Current.PublishedFeedKeys(Now, _ => false).Keys.Select(key => key.KeyId);

        Assert.Equal([_directory.KidOf("feed", 0), _directory.KidOf("feed", 1)], feed);
        Assert.DoesNotContain(_directory.KidOf("feed", 0), Published(Now));
    }

    [Fact]
    public void A_ring_without_a_standby_is_reported()
    {
        Assert.Empty(_file.Current.Problems(Now, _ => false));

        Assert.Equal(3, _file.Current.Problems(Now + Year, _ => false).Count(problem => problem.Contains("no standby")));
        _directory.Add("feed", Now + Year + Year);
        _directory.Save();
        _file.Reload();
        var revoked = new[] { _directory.KidOf("feed", 0), _directory.KidOf("feed", 1) };
        var problem = Assert.Single(_file.Current.Problems(Now, revoked.Contains));
        Assert.Contains("no standby feed key (ES256)", problem);
    }

    [Theory]
    [InlineData("sign", "no signing key (ES256) from 2027-11-20T12:00:00")]
    [InlineData("feed", "no feed key (ES256) from 2027-11-20T12:00:00")]
    [InlineData("seal", "no sealing key (A256GCM) from 2027-11-20T12:00:00")]
    public void A_revoked_standby_is_reported_because_nothing_follows_at_its_start(string purpose, string expected)
    {
        var revoked = _directory.KidOf(purpose, 1);
        Assert.Equal([KeyState.InUse, KeyState.Revoked], States(purpose, Now + Year - Second, revoked));
        Assert.Equal([KeyState.PreviouslyUsed, KeyState.Revoked], States(purpose, Now + Year, revoked));

        var problems = _file.Current.Problems(Now, kid => kid == revoked).ToArray();
        Assert.Single(problems, problem => problem.Contains(expected));
        Assert.DoesNotContain(_file.Current.Problems(Now + Year, kid => kid == revoked), problem => problem.Contains(expected));

        _directory.Add(purpose, Now + Year + Year); // Another standby takes over instead.
        _directory.Save();
        _file.Reload();
        Assert.Empty(_file.Current.Problems(Now, kid => kid == revoked));
    }

    [Fact]
    public void A_ring_without_a_purpose_is_reported()
    {
        foreach (var key in _directory.Of("feed"))
        {
            _directory.Keys.Remove(key);
        }

        _directory.Save();
        using var file = _directory.Load(_time);

        Assert.Contains("no feed key", Assert.Single(file.Current.Problems(Now, _ => false)));
    }

    [Fact]
    public void A_sealing_key_past_its_last_seal_gives_way_to_the_standby()
    {
        var key = _directory.Of("seal")[0];
        key["seals_until"] = "2026-12-20T12:00:00Z"; // 30 days on; the standby's start is a year away.
        _directory.Save();
        _file.Reload();

        Assert.Equal([KeyState.InUse, KeyState.Standby], States("seal", Now + TimeSpan.FromDays(30) - Second));
        Assert.Equal([KeyState.PreviouslyUsed, KeyState.InUse], States("seal", Now + TimeSpan.FromDays(30)));
    }

    private KeyState[] States(string purpose, DateTimeOffset at, params string[] revoked)
    {
        var kids = _directory.Of(purpose).Select(key => (string)key["kid"]!);
        return [.. kids.Select(kid => _file.Current.StateOf(
            _file.Current.Entries.Single(entry => entry.KeyId == kid), at, revoked.Contains))];
    }

    private IEnumerable<string> Published(DateTimeOffset at, params string[] revoked) =>
        _file.Current.PublishedKeys(at, revoked.Contains).Keys.Select(key => key.KeyId);
}
