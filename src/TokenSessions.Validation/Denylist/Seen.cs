using System.Text.Json;

namespace TokenSessions.Validation.Denylist;

/// <summary>The claim <c>seen</c>: for each kind of watermark and each region the T that stood when a session began.</summary>
/// <remarks>
/// An object with the members <c>s</c>, <c>c</c> and <c>a</c> (subject, client, all) for region 0, <c>s1</c>, <c>c1</c> and
/// <c>a1</c> for region 1, and so on. A member is left out where nothing stood, and the claim where no member is left.
/// Regions are never compared with each other: each counts by its own clock.
/// </remarks>
public readonly struct Seen
{
    private const int Kinds = 3;

    /// <summary>By region, then kind; no longer than it must be, and null for most sessions, which have seen nothing.</summary>
    private readonly long[]? _watermarks;

    private Seen(long[] watermarks) => _watermarks = watermarks;

    /// <summary>The T that was seen, in milliseconds; 0 where none was.</summary>
    /// <param name="kind"><c>subject</c>, <c>client</c> or <c>all</c>.</param>
    /// <param name="region">The region that raised the watermark, 0 to 3.</param>
    public long this[RuleKind kind, int region] => At(Index(kind, region));

    /// <summary>The same and one watermark more.</summary>
    /// <param name="kind"><c>subject</c>, <c>client</c> or <c>all</c>.</param>
    /// <param name="region">The region that raised the watermark, 0 to 3.</param>
    /// <param name="watermark">Its T, in milliseconds.</param>
    public Seen With(RuleKind kind, int region, long watermark)
    {
        var index = Index(kind, region);
        var watermarks = new long[Math.Max(_watermarks?.Length ?? 0, (region + 1) * Kinds)];
        _watermarks.AsSpan().CopyTo(watermarks);
        watermarks[index] = watermark;
        return new(watermarks);
    }

    /// <summary>Whether all of these were seen; if not, one of them ends the session.</summary>
    /// <param name="standing">The watermarks that stand now.</param>
    public bool Covers(Seen standing)
    {
        for (var i = 0; i < standing._watermarks?.Length; i++)
        {
            if (standing._watermarks[i] > At(i))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What a member of the claim tells of; null for a name that means nothing here.</summary>
    /// <param name="name">The member's name.</param>
    public static (RuleKind Kind, int Region)? FindMember(ReadOnlySpan<char> name)
    {
        var kind = name is [var letter, ..] ? FindKind(letter) : RuleKind.None;
        var region = name switch
        {
            [_] => 0,
            [_, >= '1' and < (char)('0' + DenylistHead.MaxRegions) and var digit] => digit - '0',
            _ => -1,
        };
        return kind is RuleKind.None || region < 0 ? null : (kind, region);
    }

    /// <inheritdoc cref="FindMember(ReadOnlySpan{char})"/>
    /// <param name="name">The member's name in UTF-8.</param>
    internal static (RuleKind Kind, int Region)? FindMember(ReadOnlySpan<byte> name) => name switch
    {
        [var kind] => FindMember([(char)kind]),
        [var kind, var region] => FindMember([(char)kind, (char)region]),
        _ => null,
    };

    /// <summary>Writes the claim, unless nothing was seen.</summary>
    /// <param name="writer">Inside the claims set.</param>
    public void Write(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (!_watermarks.AsSpan().ContainsAnyExcept(0))
        {
            return;
        }

        writer.WriteStartObject("seen"u8);
        for (var i = 0; i < _watermarks!.Length; i++)
        {
            if (_watermarks[i] > 0)
            {
                var (region, letter) = (i / Kinds, "sca"u8[i % Kinds]);
                ReadOnlySpan<byte> name = [letter, (byte)('0' + region)];
                writer.WriteNumber(region == 0 ? name[..1] : name, _watermarks[i]);
            }
        }

        writer.WriteEndObject();
    }

    private static RuleKind FindKind(char letter) => letter switch
    {
        's' => RuleKind.Subject,
        'c' => RuleKind.Client,
        'a' => RuleKind.All,
        _ => RuleKind.None,
    };

    private static int Index(RuleKind kind, int region)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(region);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(region, DenylistHead.MaxRegions);
        return (region * Kinds) + kind switch
        {
            RuleKind.Subject => 0,
            RuleKind.Client => 1,
            RuleKind.All => 2,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a watermark."),
        };
    }

    private long At(int index) => _watermarks is not null && index < _watermarks.Length ? _watermarks[index] : 0;
}
