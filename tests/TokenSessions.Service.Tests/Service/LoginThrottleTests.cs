using System.Net;
using TokenSessions.Service.Sessions;
using TokenSessions.Tests;

namespace TokenSessions.Service.Tests.Service;

public sealed class LoginThrottleTests
{
    private readonly FakeClock _clock = new();
    private readonly LoginThrottle _throttle;

    public LoginThrottleTests() => _throttle = new(_clock);

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", "192.0.2.8")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.8")]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")] // One customer has a /64.
    public void An_address_has_a_hundred_failures_at_once_then_one_a_second(string address, string same, string other)
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(TimeSpan.Zero, Wait($"user{i}", same));
            _throttle.CountFailure($"user{i}", IPAddress.Parse(address));
        }

        Assert.Equal(TimeSpan.FromSeconds(1), Wait("demo", same));
        Assert.Equal(TimeSpan.Zero, Wait("demo", other));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, Wait("demo", same));
        _throttle.CountFailure("demo", IPAddress.Parse(address));
        Assert.Equal(TimeSpan.FromSeconds(1), Wait("demo", same));
    }

    [Fact]
    public void An_account_has_twenty_failures_at_once_from_one_address_then_one_every_ten_seconds()
    {
        Fail("demo", 20);

        Assert.Equal(TimeSpan.FromSeconds(10), Wait("demo"));
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.FromSeconds(1), Wait("demo"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, Wait("demo"));
    }

    [Fact]
    public void Failures_side_by_side_beyond_the_burst_are_a_debt_that_has_to_be_waited_for()
    {
        Fail("demo", 25);

        Assert.Equal(TimeSpan.FromSeconds(60), Wait("demo"));
    }

    [Fact]
    public void After_a_quiet_time_the_whole_burst_is_there_again_and_no_more()
    {
        Fail("demo", 20);
        _clock.Advance(TimeSpan.FromDays(1));

        Fail("demo", 19);
        Assert.Equal(TimeSpan.Zero, Wait("demo"));
        Fail("demo", 1);
        Assert.Equal(TimeSpan.FromSeconds(10), Wait("demo"));
    }

    [Fact]
    public void Setting_the_wall_clock_changes_nothing()
    {
        Fail("demo", 20);
        _clock.StepWallClock(TimeSpan.FromDays(1));

        Assert.Equal(TimeSpan.FromSeconds(10), Wait("demo"));
    }

    [Fact]
    public void One_address_cannot_keep_an_account_out_for_another()
    {
        Fail("demo", 500); // Side by side, all let in.

        Assert.Equal(TimeSpan.Zero, Wait("demo", "192.0.2.7"));
        Assert.Equal(TimeSpan.Zero, Wait("admin", "192.0.2.7"));
    }

    [Fact]
    public void An_account_has_two_hundred_failures_at_once_from_everywhere_then_one_a_second()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(TimeSpan.Zero, Wait("demo", "192.0.2.7"));
            Fail("demo", 20, $"10.0.0.{i}");
        }

        Assert.Equal(TimeSpan.FromSeconds(1), Wait("demo", "192.0.2.7"));
        Assert.Equal(TimeSpan.Zero, Wait("admin", "192.0.2.7"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, Wait("demo", "192.0.2.7"));
    }

    private void Fail(string account, int times, string address = "198.51.100.1")
    {
        for (var i = 0; i < times; i++)
        {
            _throttle.CountFailure(account, IPAddress.Parse(address));
        }
    }

    private TimeSpan Wait(string account, string address = "198.51.100.1") => _throttle.Wait(account, IPAddress.Parse(address));
}
