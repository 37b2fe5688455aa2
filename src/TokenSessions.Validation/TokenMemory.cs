using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace TokenSessions.Validation;

/// <summary>
/// The tokens verified before: a repeat costs no signature check. Bounded in entries and bytes. Finding one takes no lock.
/// </summary>
/// <remarks>
/// Sets of 8 places each, as in a processor's cache: a token's hash names its set. A new token takes the place of one that has
/// expired or that nobody has used for a while; where all are in use it is not remembered. So a flood of new tokens, each used
/// once, goes in and out among themselves and cannot drive out those in use.
/// </remarks>
internal sealed class TokenMemory
{
    /// <summary>A token used within this time keeps its place: 60 seconds.</summary>
    private const long InUseSeconds = 60;

    private const int Ways = 8;

    /// <summary>Half of the places stay empty, so that few sets are full while the memory is not.</summary>
    private const int PlacesPerToken = 2;

    /// <summary>Sets searched for what can leave at each new token, so that the whole memory is swept now and then.</summary>
    private const int SweptSets = 4;

    /// <summary>What an entry takes beside the token's text, and what its claims may take once they were asked for.</summary>
    private const int EntryBytes = 512;
    private const int BytesPerCharacter = sizeof(char) + 4;

    private const int HashedCharacters = 16;

    private readonly ulong _firstSecret = Secret();
    private readonly ulong _secondSecret = Secret();
    private readonly Lock _gate = new(); // Held by those who add; never by those who find.
    private readonly int[] _tags;        // A second part of the hash of what stands in each place.
    private readonly VerifiedToken?[] _places;
    private readonly int _setMask;
    private readonly int _maxCount;
    private readonly long _maxBytes;

    // Under the gate.
    private int _count;
    private long _bytes;
    private int _hand;

    /// <param name="maxCount">The most tokens, at least 1.</param>
    /// <param name="maxBytes">The most bytes, estimated from the length of the tokens.</param>
    public TokenMemory(int maxCount, long maxBytes)
    {
        var sets = (int)BitOperations.RoundUpToPowerOf2((uint)((maxCount * PlacesPerToken / Ways) + 1));
        (_maxCount, _maxBytes, _setMask) = (maxCount, maxBytes, sets - 1);
        _tags = new int[sets * Ways];
        _places = new VerifiedToken?[sets * Ways];
    }

    /// <summary>The token of exactly this text, if it is remembered. Nothing about it has been asked of this moment.</summary>
    /// <param name="text">A text as received.</param>
    /// <param name="now">The wall clock.</param>
    public VerifiedToken? Find(ReadOnlySpan<char> text, DateTimeOffset now)
    {
        if (text.Length < HashedCharacters)
        {
            return null;
        }

        var (first, tag) = Locate(text);
        var matches = Matches(first, tag);
        while (matches != 0)
        {
            var way = BitOperations.TrailingZeroCount(matches);
            if (Volatile.Read(ref _places[first + way]) is { } token && token.Token.Text.Span.SequenceEqual(text))
            {
                var seconds = Seconds(now);
                if (token.UsedAt != seconds) // Else all threads would write the same line of memory all the time.
                {
                    token.UsedAt = seconds;
                }

                return token;
            }

            matches &= matches - 1;
        }

        return null;
    }

    /// <summary>Remembers a token that was just accepted, if there is a place for it.</summary>
    /// <param name="token">One that was not found.</param>
    /// <param name="now">The wall clock.</param>
    public void Add(VerifiedToken token, DateTimeOffset now)
    {
        var text = token.Token.Text.Span;
        var (first, tag) = Locate(text);
        var seconds = Seconds(now);
        var bytes = Bytes(token);
        lock (_gate)
        {
            for (var i = 0; i < SweptSets; i++)
            {
                Sweep(_hand, seconds, makesRoom: IsFullWith(bytes));
                _hand = (_hand + 1) & _setMask;
            }

            if (FindPlace(first, text, seconds) is not { } place)
            {
                return;
            }

            Clear(place);
            if (IsFullWith(bytes))
            {
                return;
            }

            _places[place] = token;
            Volatile.Write(ref _tags[place], tag);
            (_count, _bytes) = (_count + 1, _bytes + bytes);
        }
    }

    /// <summary>An empty place of the set, else the one whose token leaves first; null if none can, or the token is there already.</summary>
    private int? FindPlace(int first, ReadOnlySpan<char> text, long seconds)
    {
        int? found = null;
        for (var place = first; place < first + Ways; place++)
        {
            if (_places[place] is not { } token)
            {
                found = found is { } other && _places[other] is null ? found : place;
            }
            else if (token.Token.Text.Span.SequenceEqual(text))
            {
                return null; // Two threads verified it at once.
            }
            else if (CanLeave(token, seconds) && (found is not { } best || (_places[best] is { } worse && token.UsedAt < worse.UsedAt)))
            {
                found = place;
            }
        }

        return found;
    }

    /// <summary>Takes out of one set what has expired, and, if room is needed, what is not in use.</summary>
    private void Sweep(int set, long seconds, bool makesRoom)
    {
        for (var place = set * Ways; place < (set + 1) * Ways; place++)
        {
            if (_places[place] is { } token && (makesRoom ? CanLeave(token, seconds) : HasExpired(token, seconds)))
            {
                Clear(place);
            }
        }
    }

    private void Clear(int place)
    {
        if (_places[place] is { } token)
        {
            Volatile.Write(ref _tags[place], 0);
            Volatile.Write(ref _places[place], null);
            (_count, _bytes) = (_count - 1, _bytes - Bytes(token));
        }
    }

    private bool IsFullWith(long bytes) => _count >= _maxCount || _bytes + bytes > _maxBytes;

    private static bool CanLeave(VerifiedToken token, long seconds) =>
        HasExpired(token, seconds) || Math.Abs(seconds - token.UsedAt) > InUseSeconds; // A clock set back protects nothing for long.

    private static bool HasExpired(VerifiedToken token, long seconds) => token.Token.ExpiresAtSeconds < seconds;

    private static long Bytes(VerifiedToken token) => EntryBytes + ((long)token.Token.Text.Text.Length * BytesPerCharacter);

    /// <summary>The first place of the token's set, and its tag.</summary>
    /// <remarks>
    /// From the end of the signature, which nobody who has no signing key can choose, under secrets of this process. The tag is a
    /// hint: what is found is compared in full.
    /// </remarks>
    private (int First, int Tag) Locate(ReadOnlySpan<char> text)
    {
        var end = MemoryMarshal.Cast<char, ulong>(text[^HashedCharacters..]);
        var hash = Fold(end[0] ^ _firstSecret, end[1] ^ _secondSecret) ^ Fold(end[2] ^ _secondSecret, end[3] ^ _firstSecret);
        return (((int)hash & _setMask) * Ways, (int)(hash >> 32) | 1); // 0 is the tag of an empty place.
    }

    private static ulong Fold(ulong a, ulong b) => Math.BigMul(a, b, out var low) ^ low;

    private uint Matches(int first, int tag)
    {
        var tags = _tags.AsSpan(first, Ways);
        return Vector256.Equals(Vector256.Create<int>(tags), Vector256.Create(tag)).ExtractMostSignificantBits();
    }

    private static long Seconds(DateTimeOffset now) => now.UtcTicks / TimeSpan.TicksPerSecond - UnixEpochSeconds;

    private static readonly long UnixEpochSeconds = DateTimeOffset.UnixEpoch.Ticks / TimeSpan.TicksPerSecond;

    private static ulong Secret() => MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
