using System.Globalization;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>The attributes of an item, as they are written and read. Times are milliseconds since 1970, in an N.</summary>
internal static class Attributes
{
    /// <summary>How long an item outlives its end before it may be swept: a clock that is ahead must do no lasting harm.</summary>
    private static readonly TimeSpan KeptPastEnd = TimeSpan.FromDays(1);

    public static AttributeValue Text(string text) => new() { S = text };

    public static AttributeValue Number(long number) => new() { N = number.ToString(CultureInfo.InvariantCulture) };

    public static AttributeValue Time(DateTimeOffset time) => Number(time.ToUnixTimeMilliseconds());

    /// <summary>Seconds, with as many decimals as it takes.</summary>
    public static AttributeValue Duration(TimeSpan time) =>
        new() { N = ((decimal)time.Ticks / TimeSpan.TicksPerSecond).ToString(CultureInfo.InvariantCulture) };

    public static AttributeValue True => new() { BOOL = true };

    /// <summary>Adds an end, and the time from which the item may be swept: seconds, as DynamoDB wants them. Null adds neither.</summary>
    public static void AddEnd(this Dictionary<string, AttributeValue> item, DateTimeOffset? end)
    {
        if (end is { } time)
        {
            item.Add(Names.Ends, Time(time));
            var latest = DateTimeOffset.MaxValue - KeptPastEnd;
            item.Add(TableSchema.TimeToLive, Number((time < latest ? time + KeptPastEnd : latest).ToUnixTimeSeconds() + 1)); // Rounded up.
        }
    }

    public static DateTimeOffset? FindEnd(this Dictionary<string, AttributeValue> item) =>
        item.ContainsKey(Names.Ends) ? item.GetTime(Names.Ends) : null;

    /// <summary>True if the item counts as absent.</summary>
    public static bool IsEnded(this Dictionary<string, AttributeValue> item, DateTimeOffset now) => StoreTime.IsReached(item.FindEnd(), now);

    public static string GetText(this Dictionary<string, AttributeValue> item, string name) =>
        item.GetValueOrDefault(name)?.S ?? throw NotOurs(name);

    public static string FindText(this Dictionary<string, AttributeValue> item, string name) => item.GetValueOrDefault(name)?.S ?? "";

    public static long GetNumber(this Dictionary<string, AttributeValue> item, string name) =>
        long.TryParse(item.GetValueOrDefault(name)?.N, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw NotOurs(name);

    public static int GetInt(this Dictionary<string, AttributeValue> item, string name) =>
        item.GetNumber(name) is >= int.MinValue and <= int.MaxValue and var number ? (int)number : throw NotOurs(name);

    public static int FindInt(this Dictionary<string, AttributeValue> item, string name) => item.ContainsKey(name) ? item.GetInt(name) : 0;

    public static DateTimeOffset GetTime(this Dictionary<string, AttributeValue> item, string name)
    {
        var milliseconds = item.GetNumber(name);
        return milliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw NotOurs(name);
    }

    public static DateTimeOffset FindTime(this Dictionary<string, AttributeValue> item, string name) =>
        item.ContainsKey(name) ? item.GetTime(name) : default;

    public static TimeSpan GetDuration(this Dictionary<string, AttributeValue> item, string name) =>
        decimal.TryParse(item.GetValueOrDefault(name)?.N, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
        && Math.Abs(seconds) <= (decimal)TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerSecond
            ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : throw NotOurs(name);

    public static bool IsTrue(this Dictionary<string, AttributeValue> item, string name) => item.GetValueOrDefault(name)?.BOOL is true;

    /// <summary>What was read, if no problem was found with it.</summary>
    /// <exception cref="FormatException">It was not written by us.</exception>
    public static T Ours<T>(T content, string? problem) => problem is null ? content : throw new FormatException($"An item {problem}.");

    /// <summary>What cannot be read was not written by us. It may be a rule, so nothing is decided without it.</summary>
    public static FormatException NotOurs(string name) => new($"An item has no {name} that could be read.");

    /// <summary>The names; none is a reserved word of DynamoDB where it stands in an expression.</summary>
    internal static class Names
    {
        public const string Version = "v";
        public const string Ends = "ends";
        public const string Denied = "denied";
        public const string Watermark = "T";
        public const string Fed = "fed";
        public const string DeniedAt = "at";
        public const string Reason = "reason";
        public const string Actor = "actor";
        public const string Generation = "gen";
        public const string RotatedAt = "rotated";
        public const string GraceUsed = "grace";
        public const string GraceRun = "run";
        public const string RequestId = "rid";
        public const string Stamp = "stamp";
        public const string Shards = "shards";
        public const string Regions = "regions";
        public const string Window = "window";
        public const string AccessTokenLifetime = "access";
        public const string RefreshLife = "refresh";
        public const string RaisedAt = "raised";
        public const string Before = "before";
    }
}
