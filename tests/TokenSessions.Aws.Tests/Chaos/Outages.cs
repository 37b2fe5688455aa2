using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Aws.Tests.Servers.Kms;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>The outages, a line each. APIs and checks may refuse only where a snapshot grows older than 30 s, or its process is down.</summary>
internal static class Outages
{
    private const int LongerThanStaleness = 36;

    /// <summary>Between a clock that is accepted (5 s) and one by which a token is from the future (30 s).</summary>
    private const int WrongClock = 20;

    private static readonly Trouble StoreDown = Trouble.Closed(site => site.Store).And(Trouble.Closed(site => site.StoreOfApi));
    private static readonly Trouble KmsDown = Trouble.Closed(site => site.Kms);

    /// <summary>The slice of every run.</summary>
    public static IReadOnlyList<string> Slice { get; } =
        ["store cuts answers after the commit", "KMS signs with another key", "both services killed"];

    public static IReadOnlyList<Outage> All { get; } =
    [
        new("store down", 8, Work.Write, Work.All, StoreDown),
        new("store down for long", LongerThanStaleness, Work.All, Work.All, StoreDown),
        new("store slow", 8, Work.Write, Work.ChecksByServices, Trouble.At(site => site.Store, Fault.Delay(TimeSpan.FromSeconds(0.7)))),
        new("store throttles", 8, Work.Write, Work.ChecksByServices, Trouble.At(site => site.Store, Fault.Throttle, call => call.Ordinal % 3 > 0)),
        new("store answers 500", 8, Work.Write, Work.ChecksByServices, Trouble.At(site => site.Store, Fault.ServerError)),
        new("store cuts connections", 8, Work.Write, Work.ChecksByServices, Trouble.At(site => site.Store, Fault.DropRequest, call => call.Ordinal % 2 > 0)),
        new("store cuts answers after the commit", 6, Work.Write, Work.None, Trouble.At(site => site.Store, Fault.DropAnswer, call => IsWrite(call) && call.Ordinal % 5 > 0)),
        new("store does writes twice", 8, Work.None, Work.None, Trouble.At(site => site.Store, Fault.Duplicate, IsWrite)),
        new("store's name does not resolve for service 2", 8, Work.Service2, Work.CheckAtFeedApi, Trouble.StartedWith(site => site.Service2, DynamoDbServer.EndpointVariable, "http://no-such-store.invalid:8000")),
        new("store's name does not resolve for the table's API", 8, Work.CheckAtTableApi, Work.None, Trouble.StartedWith(site => site.TableApi, DynamoDbServer.EndpointVariable, "http://no-such-store.invalid:8000")),
        new("store out of reach of the table's API for long", LongerThanStaleness, Work.CheckAtTableApi, Work.CheckAtTableApi, Trouble.Closed(site => site.StoreOfApi)),
        new("KMS down", 8, Work.Issue, Work.None, KmsDown),
        new("KMS slow", 8, Work.Issue, Work.None, Trouble.SlowKms(1.5)),
        new("KMS throttles", 8, Work.Issue, Work.None, Trouble.InKms(KmsFault.Throttle)),
        new("KMS signs with another key", 6, Work.Issue, Work.None, Trouble.InKms(KmsFault.WrongSignature)),
        new("key set down", 8, Work.None, Work.None, Trouble.At(site => site.Issuer, Fault.Refuse("down", 503), call => call.Operation.EndsWith("jwks.json", StringComparison.Ordinal))),
        new("feed down", 8, Work.None, Work.CheckAtFeedApi, Trouble.At(site => site.Issuer, Fault.Refuse("down", 503), IsFeed)),
        new("feed slow", 8, Work.None, Work.CheckAtFeedApi, Trouble.At(site => site.Issuer, Fault.Delay(TimeSpan.FromSeconds(2)), IsFeed)),
        new("feed down for long", LongerThanStaleness, Work.CheckAtFeedApi, Work.CheckAtFeedApi, Trouble.Closed(site => site.Issuer)),
        new("service 1 killed", 6, Work.Service1, Work.None, Trouble.Killed(site => site.Service1)),
        new("service 2 killed", 6, Work.Service2, Work.None, Trouble.Killed(site => site.Service2)),
        new("both services killed", 6, Work.Service1 | Work.Service2, Work.CheckAtFeedApi, Trouble.Killed(site => site.Service1).And(Trouble.Killed(site => site.Service2))),
        new("feed's API killed", 5, Work.CheckAtFeedApi, Work.None, Trouble.Killed(site => site.FeedApi)),
        new("table's API killed", 5, Work.CheckAtTableApi, Work.None, Trouble.Killed(site => site.TableApi)),
        new("service 2's clock 4 s ahead", 8, Work.None, Work.None, Trouble.Shifted(site => site.Service2, 4)),
        new("service 2's clock ahead", 8, Work.Service2, Work.CheckAt2 | Work.CheckAtFeedApi, Trouble.Shifted(site => site.Service2, WrongClock)),
        new("service 2's clock behind", 8, Work.Service2, Work.CheckAt2 | Work.CheckAtFeedApi, Trouble.Shifted(site => site.Service2, -WrongClock)),
        new("table's API's clock ahead", 14, Work.CheckAtTableApi, Work.CheckAtTableApi, Trouble.Shifted(site => site.TableApi, WrongClock)),
        new("feed's API's clock behind", 14, Work.CheckAtFeedApi, Work.CheckAtFeedApi, Trouble.Shifted(site => site.FeedApi, -WrongClock)),
        new("store and KMS down", 8, Work.Write, Work.All, StoreDown.And(KmsDown)),
        new("service 1 killed while the store cuts answers", 8, Work.Service1 | Work.Write, Work.None, Trouble.Killed(site => site.Service1).And(Trouble.At(site => site.Store, Fault.DropAnswer, IsWrite))),
        new("feed's API started while key set and feed are down", 8, Work.CheckAtFeedApi, Work.None, Trouble.Killed(site => site.FeedApi).And(Trouble.Closed(site => site.Issuer))),
    ];

    private static bool IsWrite(AwsCall call) => call.Operation is "PutItem" or "UpdateItem";

    private static bool IsFeed(AwsCall call) => call.Operation.StartsWith("/denylist/", StringComparison.Ordinal);
}
