using System.Buffers;
using System.Text.Json;

namespace TokenSessions.Validation.Denylist;

/// <summary>The payload of a document of the signed feed. Travels as a compact JWS of type <see cref="Type"/>.</summary>
/// <remarks>
/// <para>A JSON object: <c>iss</c>; <c>as_of</c> in milliseconds; <c>cursor</c>; <c>whole</c>; <c>head</c> with <c>shards</c> and, in
/// seconds, <c>window</c>, <c>longest_access_token_lifetime</c>, <c>longest_refresh_life</c>; <c>rules</c>, an array of
/// <c>[key, stamp]</c> or, for watermarks, <c>[key, stamp, T]</c>; <c>standing</c>, an array of <c>[key, stamp]</c>. Keys are
/// written as in <see cref="RuleKey.ToString"/>, times in milliseconds since 1970 UTC.</para>
/// <para>A document that is not whole has every rule stamped within <see cref="RecentSpan"/> before its <c>as_of</c>. Standing
/// rules are always complete.</para>
/// </remarks>
public sealed record DenylistDocument
{
    /// <summary>The <c>typ</c> of the JWS, exactly.</summary>
    public const string Type = "denylist+jwt";

    /// <summary>The longest compact JWS read or written, in bytes: 96 MiB. A million watermarks take 70 MiB.</summary>
    public const int MaxLength = 96 * 1024 * 1024;

    /// <summary>The most standing rules of one document. Each is a key that was compromised.</summary>
    public const int MaxStandingRules = 10_000;

    /// <summary>The longest <c>cursor</c>, in characters.</summary>
    public const int MaxCursorLength = 128;

    /// <summary>
    /// What a document that is not whole reaches back to, before its <c>as_of</c>: 5 minutes. Readers look back 3 minutes from a
    /// document that may be 2 minutes older than the one they get.
    /// </summary>
    public static readonly TimeSpan RecentSpan = TimeSpan.FromMinutes(5);

    private const int BytesPerRule = 56;
    private const int BytesBesideRules = 1024;

    /// <summary>Whose tokens the rules end.</summary>
    public required string Issuer { get; init; }

    /// <summary>When the request behind the rules was sent, by the clock of whoever made the document. To the millisecond.</summary>
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>What to ask for the changes after this document with. Opaque to readers, and valid at every instance of a service.</summary>
    public required string Cursor { get; init; }

    /// <summary>True if this is the whole window.</summary>
    public required bool IsWhole { get; init; }

    /// <summary>The head.</summary>
    public required DenylistHead Head { get; init; }

    /// <summary>The rules, standing ones included, in any order.</summary>
    public required IReadOnlyCollection<DenylistRule> Rules { get; init; }

    /// <summary>Reads a payload whose signature holds.</summary>
    /// <param name="json">The decoded payload.</param>
    /// <exception cref="FormatException">It is not strict JSON, or a member is missing, twice there, of a wrong type or out of range.</exception>
    public static DenylistDocument Parse(ReadOnlySpan<byte> json) => DenylistDocumentReader.Read(json);

    /// <summary>The document as UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(BytesBesideRules + (Rules.Count * BytesPerRule));
        using var json = new Utf8JsonWriter(buffer, new() { SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("iss", Issuer);
        json.WriteNumber("as_of", AsOf.ToUnixTimeMilliseconds());
        json.WriteString("cursor", Cursor);
        json.WriteBoolean("whole", IsWhole);
        json.WriteStartObject("head");
        json.WriteNumber("shards", Head.Shards);
        json.WriteNumber("regions", Head.Regions);
        json.WriteNumber("window", Seconds(Head.Window));
        json.WriteNumber("longest_access_token_lifetime", Seconds(Head.LongestAccessTokenLifetime));
        json.WriteNumber("longest_refresh_life", Seconds(Head.LongestRefreshLife));
        json.WriteEndObject();
        WriteRules(json, "rules", areStanding: false);
        WriteRules(json, "standing", areStanding: true);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Values of the head only grow, so a part of a second counts as one.</summary>
    private static long Seconds(TimeSpan time) => (long)Math.Ceiling(time.TotalSeconds);

    private void WriteRules(Utf8JsonWriter json, string name, bool areStanding)
    {
        Span<byte> key = stackalloc byte[RuleKey.TextLength];
        json.WriteStartArray(name);
        foreach (var rule in Rules)
        {
            if (rule.IsStanding != areStanding)
            {
                continue;
            }

            rule.Key.WriteTo(key);
            json.WriteStartArray();
            json.WriteStringValue(key);
            json.WriteNumberValue(rule.StampedAt);
            if (rule.Watermark > 0 && !areStanding)
            {
                json.WriteNumberValue(rule.Watermark);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }
}
