using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TokenSessions.Validation;

/// <summary>
/// The tokens verified before: a repeat costs no signature check. Bounded in entries and bytes. Finding one takes no lock.
/// </summary>
/// <remarks>
/// Sets of 4 places each, as in a processor's cache: a token's hash names its set, and so its neighbours. A new token takes the place of one that has
/// expired or that nobody has used for a while; where all are in use it is not remembered. So a flood of new tokens, each used
/// once, goes in and out among themselves and cannot drive out those in use.
/// </remarks>
internal sealed class TokenMemory
{
    /// <summary>A token found again within this time keeps its place: 60 seconds, less up to 8 for which its use is not noted.</summary>
    private const long InUseSeconds = 60;

    /// <summary>The use of a token is noted this often, so that threads do not write the same line of memory all the time.</summary>
    private const long NotedEverySeconds = 8;

    /// <summary>A set is to take few lines of the processor's cache: with many tokens each line is waited for.</summary>
    private const int Ways = 4;
    private const int TagBits = 16;

    /// <summary>
    /// A set and three beside it, where a token stands whose own set was full: else it would be verified anew every time. A power
    /// of 2.
    /// </summary>
    private const int Neighbours = 4;

    /// <summary>Two of three places stay empty: nearly every token finds room in its own set.</summary>
    private const int PlacesPerToken = 3;

    /// <summary>Sets searched for what can leave at each new token, so that the whole memory is swept now and then.</summary>
    private const int SweptSets = 4;

    /// <summary>What an entry takes beside the token's text.</summary>
    private const int EntryBytes = 512;

    /// <summary>The text, and what its claims take once they were asked for, a <c>ClaimsIdentity</c> included. Measured: 7 where there are few, 12 with 40 roles.</summary>
    private const int BytesPerCharacter = 12;

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
        var sets = (int)BitOperations.RoundUpToPowerOf2((uint)((maxCount * PlacesPerToken / Ways) + Neighbours));
        (_maxCount, _maxBytes, _sets) = (maxCount, maxBytes, new Set[sets]);
    }

    /// <summary>The token of exactly this text, if it is remembered. Nothing about it has been asked of this moment.</summary>
    /// <param name="text">A text as received.</param>
    /// <param name="now">The wall clock.</param>
    public ValidatedToken? Find(ReadOnlySpan<char> text, DateTimeOffset now)
    {
        if (text.Length < HashedCharacters)
        {
            return null;
        }

        if (FindIn(Locate(text, out var tag), tag, text) is not { } token)
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
    public void Add(ValidatedToken token, DateTimeOffset now)
    {
        var text = token.Text.Span;
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

            if (FindIn(first, tag, text) is not null)
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

            set.Places[way] = new() { Text = token.Text, Token = token };
            Volatile.Write(ref set.Tags, WithTag(set.Tags, way, tag));
            (_count, _bytes) = (_count + 1, _bytes + bytes);
        }
    }

    /// <summary>Looks in a set and its neighbours.</summary>
    private ValidatedToken? FindIn(int first, ushort tag, ReadOnlySpan<char> text)
    {
        for (var neighbour = 0; neighbour < Neighbours; neighbour++)
        {
            ref var set = ref _sets[first ^ neighbour];
            for (var matches = Matches(set, tag); matches != 0; matches &= matches - 1)
            {
                ref var place = ref set.Places[FirstOf(matches)];
                var compared = place.Text;
                if (!compared.IsExactly(text))
                {
                    continue;
                }

                // Another thread may be filling the place: the answer is the token of the very text that was compared, or none.
                if (Volatile.Read(ref place.Token) is { } token && token.Text == compared)
                {
                    return token;
                }
            }
        }

        return null;
    }

    /// <summary>An empty place of a set or its neighbours.</summary>
    private (int Set, int Way)? FindEmpty(int first)
    {
        for (var neighbour = 0; neighbour < Neighbours; neighbour++)
        {
            if (Matches(_sets[first ^ neighbour], 0) is not 0 and var empty)
            {
                return (first ^ neighbour, FirstOf(empty));
            }
        }

        return null;
    }

    /// <summary>The place of the token that leaves first of a set and its neighbours; null if none can.</summary>
    private (int Set, int Way)? FindLeaving(int first, long seconds)
    {
        ((int Set, int Way)? found, var oldest) = (null, long.MaxValue);
        for (var neighbour = 0; neighbour < Neighbours; neighbour++)
        {
            for (var way = 0; way < Ways; way++)
            {
                if (_sets[first ^ neighbour].Places[way].Token is { } token && CanLeave(token, seconds) && token.UsedAt < oldest)
                {
                    (found, oldest) = ((first ^ neighbour, way), token.UsedAt);
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
            if (set.Places[way].Token is { } token && (IsFullWith(bytes) ? CanLeave(token, seconds) : HasExpired(token, seconds)))
            {
                Clear(ref set, way);
            }
        }
    }

    private void Clear(ref Set set, int way)
    {
        if (set.Places[way].Token is { } token)
        {
            Volatile.Write(ref set.Tags, WithTag(set.Tags, way, 0));
            set.Places[way] = default;
            (_count, _bytes) = (_count - 1, _bytes - Bytes(token));
        }
    }

    private bool IsFullWith(long bytes) => _count >= _maxCount || _bytes + bytes > _maxBytes;

    private static bool CanLeave(ValidatedToken token, long seconds) =>
        HasExpired(token, seconds) || Math.Abs(seconds - token.UsedAt) > InUseSeconds; // A clock set back protects nothing for long.

    private static bool HasExpired(ValidatedToken token, long seconds) => token.ExpiresAtSeconds < seconds;

    private static long Bytes(ValidatedToken token) => EntryBytes + ((long)token.Text.KeptLength * BytesPerCharacter);

    /// <summary>The token's set, and its tag.</summary>
    /// <remarks>
    /// From the end of the signature, which nobody who has no signing key can choose, under secrets of this process. The tag is a
    /// hint: what is found is compared in full.
    /// </remarks>
    private int Locate(ReadOnlySpan<char> text, out ushort tag)
    {
        var end = MemoryMarshal.Cast<char, ulong>(text[^HashedCharacters..]);
        var hash = Fold(end[0] ^ _firstSecret, end[1] ^ _secondSecret) ^ Fold(end[2] ^ _secondSecret, end[3] ^ _firstSecret);
        tag = (ushort)((hash >> 48) | 1); // 0 is the tag of an empty place.
        return (int)hash & (_sets.Length - 1);
    }

    /// <summary>The places of a set that may have this tag, the highest bit of each place's; surely those that have it.</summary>
    private static ulong Matches(in Set set, ushort tag)
    {
        const ulong LowestBits = 0x0001_0001_0001_0001;
        var differences = Volatile.Read(in set.Tags) ^ (tag * LowestBits);
        return (differences - LowestBits) & ~differences & (LowestBits << (TagBits - 1)); // Set where nothing differs.
    }

    /// <summary>The first place is always one that has the tag: only above such a one there may be others.</summary>
    private static int FirstOf(ulong matches) => BitOperations.TrailingZeroCount(matches) / TagBits;

    private static ulong WithTag(ulong tags, int way, ushort tag) =>
        (tags & ~((ulong)ushort.MaxValue << (TagBits * way))) | ((ulong)tag << (TagBits * way));

    private static ulong Fold(ulong a, ulong b) => Math.BigMul(a, b, out var low) ^ low;

    private static long Seconds(DateTimeOffset now) => now.UtcTicks / TimeSpan.TicksPerSecond - UnixEpochSeconds;

    private static ulong Secret() => MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Tags beside the tokens they belong to: one place in memory to look at, not two.</summary>
    private struct Set
    {
        /// <summary><see cref="TagBits"/> for each place, the first in the lowest; 0 where it is empty.</summary>
        public ulong Tags;
        public PlacesOfSet Places;
    }

    /// <summary>A token, and the text that it is of: both are fetched at once, not the one after the other.</summary>
    private struct Place
    {
        public TokenText Text;
        public ValidatedToken? Token;
    }

    [InlineArray(Ways)]
    private struct PlacesOfSet
    {
        private Place _first;
    }
}
