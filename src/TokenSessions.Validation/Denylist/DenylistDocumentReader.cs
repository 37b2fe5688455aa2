using System.Text.Json;
using System.Text.Unicode;

namespace TokenSessions.Validation.Denylist;

/// <summary>Reads a <see cref="DenylistDocument"/> strictly, and in one pass: a million rules are no place for a tree of objects.</summary>
internal static class DenylistDocumentReader
{
    private const long MaxTime = 253402300799999; // The last millisecond of the year 9999, in milliseconds.
    private const int MaxDepth = 16;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    [Flags]
    private enum Members
    {
        None = 0,
        Issuer = 1,
        AsOf = 2,
        Cursor = 4,
        Whole = 8,
        Head = 16,
        Rules = 32,
        Standing = 64,
        All = 127,
    }

    [Flags]
    private enum HeadMembers
    {
        None = 0,
        Shards = 1,
        Window = 2,
        AccessTokenLifetime = 4,
        RefreshLife = 8,
        All = 15,
        Regions = 16, // Left out by services of a time when there was only one.
    }

    public static DenylistDocument Read(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            throw new FormatException("It is not UTF-8.");
        }

        try
        {
            var reader = new Utf8JsonReader(json, Options);
            reader.Read();
            var document = ReadDocument(ref reader);
            reader.Read(); // Throws if anything but white space follows.
            return document;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter: a lone surrogate in an escaped name or text.
        {
            throw new FormatException("It is not strict JSON.", e);
        }
    }

    private static DenylistDocument ReadDocument(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "the document");
        var seen = Members.None;
        var (issuer, cursor, asOf, isWhole) = ("", "", 0L, false);
        DenylistHead head = new();
        List<DenylistRule> rules = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Find(ref reader);
            if ((seen & member) != 0)
            {
                throw new FormatException($"{member} stands there twice.");
            }

            seen |= member;
            reader.Read();
            switch (member)
            {
                case Members.Issuer:
                    issuer = Text(ref reader, "iss", int.MaxValue);
                    break;
                case Members.AsOf:
                    asOf = Integer(ref reader, "as_of", 0, MaxTime);
                    break;
                case Members.Cursor:
                    cursor = Text(ref reader, "cursor", DenylistDocument.MaxCursorLength);
                    break;
                case Members.Whole:
                    isWhole = reader.TokenType is JsonTokenType.True or JsonTokenType.False
                        ? reader.GetBoolean()
                        : throw new FormatException("whole must be true or false.");
                    break;
                case Members.Head:
                    head = ReadHead(ref reader);
                    break;
                case Members.Rules:
                    ReadRules(ref reader, rules, int.MaxValue, areStanding: false);
                    break;
                case Members.Standing:
                    ReadRules(ref reader, rules, DenylistDocument.MaxStandingRules, areStanding: true);
                    break;
                default:
                    reader.Skip(); // A later version may say more.
                    break;
            }
        }

        return seen == Members.All
            ? new()
            {
                Issuer = issuer,
                AsOf = DateTimeOffset.FromUnixTimeMilliseconds(asOf),
                Cursor = cursor,
                IsWhole = isWhole,
                Head = head,
                Rules = rules,
            }
            : throw new FormatException($"{Members.All & ~seen} is missing.");
    }

    private static Members Find(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("iss"u8) ? Members.Issuer
        : reader.ValueTextEquals("as_of"u8) ? Members.AsOf
        : reader.ValueTextEquals("cursor"u8) ? Members.Cursor
        : reader.ValueTextEquals("whole"u8) ? Members.Whole
        : reader.ValueTextEquals("head"u8) ? Members.Head
        : reader.ValueTextEquals("rules"u8) ? Members.Rules
        : reader.ValueTextEquals("standing"u8) ? Members.Standing
        : Members.None;

    private static DenylistHead ReadHead(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "head");
        var seen = HeadMembers.None;
        var head = new DenylistHead();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = reader.ValueTextEquals("shards"u8) ? HeadMembers.Shards
                : reader.ValueTextEquals("regions"u8) ? HeadMembers.Regions
                : reader.ValueTextEquals("window"u8) ? HeadMembers.Window
                : reader.ValueTextEquals("longest_access_token_lifetime"u8) ? HeadMembers.AccessTokenLifetime
                : reader.ValueTextEquals("longest_refresh_life"u8) ? HeadMembers.RefreshLife
                : HeadMembers.None;
            if ((seen & member) != 0)
            {
                throw new FormatException($"{member} stands twice in head.");
            }

            seen |= member;
            reader.Read();
            switch (member)
            {
                case HeadMembers.Shards:
                    head = head with { Shards = (int)Integer(ref reader, "shards", 1, DenylistHead.MaxShards) };
                    break;
                case HeadMembers.Regions:
                    head = head with { Regions = (int)Integer(ref reader, "regions", 1, DenylistHead.MaxRegions) };
                    break;
                case HeadMembers.Window:
                    head = head with { Window = Seconds(ref reader, "window", 1) };
                    break;
                case HeadMembers.AccessTokenLifetime:
                    head = head with { LongestAccessTokenLifetime = Seconds(ref reader, "longest_access_token_lifetime", 1) };
                    break;
                case HeadMembers.RefreshLife:
                    head = head with { LongestRefreshLife = Seconds(ref reader, "longest_refresh_life", 0) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return (seen & HeadMembers.All) == HeadMembers.All ? head : throw new FormatException($"{HeadMembers.All & ~seen} is missing in head.");
    }

    private static TimeSpan Seconds(ref Utf8JsonReader reader, string name, long atLeast) =>
        TimeSpan.FromSeconds(Integer(ref reader, name, atLeast, (long)DenylistHead.MaxDuration.TotalSeconds));

    private static void ReadRules(ref Utf8JsonReader reader, List<DenylistRule> rules, int atMost, bool areStanding)
    {
        var name = areStanding ? "standing" : "rules";
        Expect(ref reader, JsonTokenType.StartArray, name);
        for (var count = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++)
        {
            if (count == atMost)
            {
                throw new FormatException($"{name} has more than {atMost} entries.");
            }

            Expect(ref reader, JsonTokenType.StartArray, name);
            reader.Read();
            if (reader.TokenType != JsonTokenType.String || !RuleKey.TryRead(reader.ValueSpan, out var key))
            {
                throw new FormatException($"An entry of {name} does not begin with a rule's key.");
            }

            reader.Read();
            var stamp = Integer(ref reader, name, 0, MaxTime);
            var watermark = 0L;
            if (reader.Read() && !areStanding && reader.TokenType != JsonTokenType.EndArray)
            {
                watermark = Integer(ref reader, name, 1, MaxTime);
                reader.Read();
            }

            Expect(ref reader, JsonTokenType.EndArray, name);
            rules.Add(new(key, stamp, watermark, areStanding));
        }
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string name)
    {
        if (reader.TokenType != type)
        {
            throw new FormatException($"In {name}, {type} was expected, but {reader.TokenType} stands there.");
        }
    }

    private static long Integer(ref Utf8JsonReader reader, string name, long from, long to) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value >= from && value <= to
            ? value
            : throw new FormatException($"In {name}, an integer from {from} to {to} was expected.");

    private static string Text(ref Utf8JsonReader reader, string name, int maxLength) =>
        reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } text && text.Length <= maxLength
            ? text
            : throw new FormatException($"{name} must be a string that is not empty and not longer than {maxLength} characters.");
}
