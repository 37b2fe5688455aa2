using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace TokenSessions.Validation;

/// <summary>
/// The tokens verified before: a repeat costs no signature check. Bounded in entries and bytes. Finding one takes no lock.
/// </summary>
/// <remarks>
/// Sets of 8 places each, as in a processor's cache: a token's hash names its set and its neighbour. A new token takes the place of one that has
/// expired or that nobody has used for a while; where all are in use it is not remembered. So a flood of new tokens, each used
/// once, goes in and out among themselves and cannot drive out those in use.
/// </remarks>
internal sealed class TokenMemory
{
    /// <summary>A token used within this time keeps its place: 60 seconds.</summary>
    private const long InUseSeconds = 60;

    /// <summary>The use of a token is noted this often, so that threads do not write the same line of memory all the time.</summary>
    private const long NotedEverySeconds = 8;

    private const int Ways = 8;

    /// <summary>Half of the places stay empty, so that few sets are full while the memory is not.</summary>
    private const int PlacesPerToken = 2;

    /// <summary>Sets searched for what can leave at each new token, so that the whole memory is swept now and then.</summary>
    private const int SweptSets = 4;

    /// <summary>What an entry takes beside the token's text, and what its claims may take once they were asked for.</summary>
    private const int EntryBytes = 512;
    private const int BytesPerCharacter = sizeof(char) + 4;

    private const int HashedCharacters = 16;

    private static readonly long UnixEpochSeconds = DateTimeOffset.UnixEpoch.Ticks / TimeSpan.TicksPerSecond;

    private readonly ulong _firstSecret = Secret();
    private readonly ulong _secondSecret = Secret();
    private readonly Lock _gate = new(); // Held by those who add; never by those who find.
    private readonly Set[] _sets;
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
        var sets = (int)BitOperations.RoundUpToPowerOf2((uint)((maxCount * PlacesPerToken / Ways) + 2));
        (_maxCount, _maxBytes, _sets) = (maxCount, maxBytes, new Set[sets]);
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

        var set = Locate(text, out var tag);
        if ((FindIn(ref _sets[set], tag, text) ?? FindIn(ref _sets[Other(set)], tag, text)) is not { } token)
        {
            return null;
        }

        var seconds = Seconds(now);
        if (Math.Abs(seconds - token.UsedAt) >= NotedEverySeconds)
        {
            token.UsedAt = seconds;
        }

        return token;
    }

    /// <summary>Remembers a token that was just accepted, if there is a place for it.</summary>
    /// <param name="token">One that was not found.</param>
    /// <param name="now">The wall clock.</param>
    public void Add(VerifiedToken token, DateTimeOffset now)
    {
        var text = token.Token.Text.Span;
        var first = Locate(text, out var tag);
        var seconds = Seconds(now);
        var bytes = Bytes(token);
        lock (_gate)
        {
            for (var i = 0; i < SweptSets; i++)
            {
                Sweep(ref _sets[_hand], seconds, bytes);
                _hand = (_hand + 1) & (_sets.Length - 1);
            }

            if (FindIn(ref _sets[first], tag, text) is not null || FindIn(ref _sets[Other(first)], tag, text) is not null)
            {
                return; // Two threads verified it at once.
            }

            if ((FindEmpty(first) ?? FindLeaving(first, seconds)) is not var (index, way))
            {
                return;
            }

            ref var set = ref _sets[index];
            Clear(ref set, way);
            if (IsFullWith(bytes))
            {
                return;
            }

            Volatile.Write(ref set.Tokens[way], token);
            Volatile.Write(ref set.Tags[way], tag);
            (_count, _bytes) = (_count + 1, _bytes + bytes);
        }
    }

    private static VerifiedToken? FindIn(ref Set set, int tag, ReadOnlySpan<char> text)
    {
        var matches = Matches(set, tag);
        for (; matches != 0; matches &= matches - 1)
        {
            var way = BitOperations.TrailingZeroCount(matches);
            if (Volatile.Read(ref set.Tokens[way]) is { } token && token.Token.Text.Span.SequenceEqual(text))
            {
                return token;
            }
        }

        return null;
    }

    /// <summary>An empty place of a set or its neighbour.</summary>
    private (int Set, int Way)? FindEmpty(int first)
    {
        foreach (var index in (ReadOnlySpan<int>)[first, Other(first)])
        {
            if (Matches(_sets[index], 0) is not 0 and var empty)
            {
                return (index, BitOperations.TrailingZeroCount(empty));
            }
        }

        return null;
    }

    /// <summary>The place of the token that leaves first of a set and its neighbour; null if none can.</summary>
    private (int Set, int Way)? FindLeaving(int first, long seconds)
    {
        ((int Set, int Way)? found, var oldest) = (null, long.MaxValue);
        foreach (var index in (ReadOnlySpan<int>)[first, Other(first)])
        {
            for (var way = 0; way < Ways; way++)
            {
                if (_sets[index].Tokens[way] is { } token && CanLeave(token, seconds) && token.UsedAt < oldest)
                {
                    (found, oldest) = ((index, way), token.UsedAt);
                }
            }
        }

        return found;
    }

    /// <summary>Takes out of one set what has expired and, until there is room, what is not in use.</summary>
    private void Sweep(ref Set set, long seconds, long bytes)
    {
        for (var way = 0; way < Ways; way++)
        {
            if (set.Tokens[way] is { } token && (IsFullWith(bytes) ? CanLeave(token, seconds) : HasExpired(token, seconds)))
            {
                Clear(ref set, way);
            }
        }
    }

    private void Clear(ref Set set, int way)
    {
        if (set.Tokens[way] is { } token)
        {
            Volatile.Write(ref set.Tags[way], 0);
            Volatile.Write(ref set.Tokens[way], null);
            (_count, _bytes) = (_count - 1, _bytes - Bytes(token));
        }
    }

    private bool IsFullWith(long bytes) => _count >= _maxCount || _bytes + bytes > _maxBytes;

    private static bool CanLeave(VerifiedToken token, long seconds) =>
        HasExpired(token, seconds) || Math.Abs(seconds - token.UsedAt) > InUseSeconds; // A clock set back protects nothing for long.

    private static bool HasExpired(VerifiedToken token, long seconds) => token.Token.ExpiresAtSeconds < seconds;

    private static long Bytes(VerifiedToken token) => EntryBytes + ((long)token.Token.Text.Text.Length * BytesPerCharacter);

    /// <summary>The token's set, and its tag.</summary>
    /// <remarks>
    /// From the end of the signature, which nobody who has no signing key can choose, under secrets of this process. The tag is a
    /// hint: what is found is compared in full.
    /// </remarks>
    private int Locate(ReadOnlySpan<char> text, out int tag)
    {
        var end = MemoryMarshal.Cast<char, ulong>(text[^HashedCharacters..]);
        var hash = Fold(end[0] ^ _firstSecret, end[1] ^ _secondSecret) ^ Fold(end[2] ^ _secondSecret, end[3] ^ _firstSecret);
        tag = (int)(hash >> 32) | 1; // 0 is the tag of an empty place.
        return (int)hash & (_sets.Length - 1);
    }

    /// <summary>The neighbour in which a token stands whose own set was full: else some would be verified anew every time.</summary>
    private static int Other(int set) => set ^ 1;

    /// <summary>The places of a set with this tag, a bit for each.</summary>
    private static uint Matches(in Set set, int tag) =>
        Vector256.Equals(Vector256.Create<int>(set.Tags), Vector256.Create(tag)).ExtractMostSignificantBits();

    private static ulong Fold(ulong a, ulong b) => Math.BigMul(a, b, out var low) ^ low;

    private static long Seconds(DateTimeOffset now) => now.UtcTicks / TimeSpan.TicksPerSecond - UnixEpochSeconds;

    private static ulong Secret() => MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Tags beside the tokens they belong to: one place in memory to look at, not two.</summary>
    private struct Set
    {
        public TagsOfSet Tags;
        public TokensOfSet Tokens;
    }

    [InlineArray(Ways)]
    private struct TagsOfSet
    {
        private int _first;
    }

    [InlineArray(Ways)]
    private struct TokensOfSet
    {
        private VerifiedToken? _first;
    }
}
