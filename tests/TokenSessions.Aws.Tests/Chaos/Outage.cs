using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Aws.Tests.Servers.Kms;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>What is done to a site, and what ends it.</summary>
internal sealed record Trouble(Func<Site, Task> Begin, Func<Site, Task> End)
{
    /// <summary>True if it needs clocks that can be set.</summary>
    public bool SetsClock { get; private init; }

    /// <summary>A proxy does not listen.</summary>
    public static Trouble Closed(Func<Site, FaultProxy> proxy) => new(site => proxy(site).CloseAsync(), site => proxy(site).OpenAsync());

    /// <summary>Requests through a proxy go wrong.</summary>
    /// <param name="proxy">Which.</param>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="which">With which requests; null for all.</param>
    public static Trouble At(Func<Site, FaultProxy> proxy, Fault fault, Func<AwsCall, bool>? which = null) => new(
        site => Done(() => proxy(site).Decide = call => which?.Invoke(call) == false ? Fault.None : fault),
        site => Done(() => proxy(site).Decide = null));

    /// <summary>KMS does not do as it is asked when it is to sign.</summary>
    public static Trouble InKms(KmsFault fault) => new(
        site => Done(() => site.Deployment.Kms.StandIn.Faults = call => call.Operation == "Sign" ? fault : KmsFault.None),
        site => Done(site.Deployment.Kms.Heal));

    public static Trouble SlowKms(double seconds) => new(
        site => Done(() => site.Deployment.Kms.StandIn.Latency = TimeSpan.FromSeconds(seconds)), site => Done(site.Deployment.Kms.Heal));

    /// <summary>kill -9; its end is a start.</summary>
    public static Trouble Killed(Func<Site, Node> node) => new(site => node(site).KillAsync(), site => node(site).StartAsync());

    /// <summary>Started with another setting; ends with a start with its own.</summary>
    public static Trouble StartedWith(Func<Site, Node> node, string setting, string value) => new(
        async site =>
        {
            await node(site).KillAsync();
            await node(site).TryStartAsync(new Dictionary<string, string> { [setting] = value });
        },
        async site =>
        {
            await node(site).KillAsync();
            await node(site).StartAsync();
        });

    /// <summary>The clock of a process is set, and set right again.</summary>
    public static Trouble Shifted(Func<Site, Node> node, int seconds) =>
        new(site => Done(() => node(site).Shift(TimeSpan.FromSeconds(seconds))), site => Done(() => node(site).Shift(TimeSpan.Zero))) { SetsClock = true };

    /// <summary>Both at once. The first ends first.</summary>
    public Trouble And(Trouble other) => new(
        async site =>
        {
            await Begin(site);
            await other.Begin(site);
        },
        async site =>
        {
            await End(site);
            await other.End(site);
        })
    {
        SetsClock = SetsClock || other.SetsClock,
    };

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}

/// <summary>One scripted outage.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Seconds">How long it lasts.</param>
/// <param name="MayRefuse">What may be answered 503 meanwhile, or not at all by a process that is killed. Everything else serves on.</param>
/// <param name="Blind">Whoever may not hear of revocations meanwhile: he heeds one when his snapshot is too old.</param>
/// <param name="Trouble">What is done.</param>
internal sealed record Outage(string Name, int Seconds, Work MayRefuse, Work Blind, Trouble Trouble);
