using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>The keys of one ring file. Immutable: which key is used follows from the file, the clock and the revoked kids alone.</summary>
/// <remarks>
/// What is published may be asked at any time. Whoever signs or seals holds a <see cref="KeyRingLease"/> meanwhile, so that a
/// reload cannot take the private halves away under it.
/// </remarks>
public sealed class KeyRing
{
    /// <summary>The most keys of one purpose in a file, because verifiers read no more than 10 of a key set.</summary>
    public const int MaxKeysOfPurpose = KeySet.MaxKeys;

    private static readonly TimeSpan OpensLonger = TimeSpan.FromDays(1);

    private readonly KeyRingOptions _options;
    private readonly Dictionary<(KeyPurpose Purpose, string Algorithm), KeyRingEntry[]> _lines;
    private int _users = 1; // The owner. At 0 the private halves are gone.

    internal KeyRing(IReadOnlyList<KeyRingEntry> entries, KeyRingOptions options)
    {
        (Entries, _options) = (entries, options);
        _lines = entries.GroupBy(entry => (entry.Purpose, entry.Algorithm))
            .ToDictionary(line => line.Key, line => line.OrderBy(entry => entry.StartsAt).ToArray());
    }

    /// <summary>Every key, in the file's order.</summary>
    public IReadOnlyList<KeyRingEntry> Entries { get; }

    /// <summary>The state of a key of this ring.</summary>
    /// <param name="entry">One of <see cref="Entries"/>.</param>
    /// <param name="now">The moment, UTC.</param>
    /// <param name="isRevoked">Whether a <c>key</c> rule stands against a <c>kid</c>.</param>
    public KeyState StateOf(KeyRingEntry entry, DateTimeOffset now, Func<string, bool> isRevoked)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(isRevoked);
        if (isRevoked(entry.KeyId))
        {
            return KeyState.Revoked;
        }

        var line = _lines[(entry.Purpose, entry.Algorithm)];
        if (InUse(line, now, isRevoked) == entry)
        {
            return KeyState.InUse;
        }

        return Array.IndexOf(line, entry) <= NewestStarted(line, now) ? KeyState.PreviouslyUsed : KeyState.Standby;
    }

    /// <summary>The published half of every key that signs, will sign or has signed tokens that may still live.</summary>
    /// <inheritdoc cref="StateOf" path="/param[@name='now' or @name='isRevoked']"/>
    public KeySet PublishedKeys(DateTimeOffset now, Func<string, bool> isRevoked) => Published(KeyPurpose.Sign, now, isRevoked);

    /// <summary>The published halves of the feed keys: a set of their own, so that no verifier takes one for a token key.</summary>
    /// <inheritdoc cref="PublishedKeys"/>
    public KeySet PublishedFeedKeys(DateTimeOffset now, Func<string, bool> isRevoked) => Published(KeyPurpose.Feed, now, isRevoked);

    /// <summary>What an operator should know of the ring: a missing standby, or a missing key, now or to come. One sentence each.</summary>
    /// <inheritdoc cref="PublishedKeys"/>
    public IEnumerable<string> Problems(DateTimeOffset now, Func<string, bool> isRevoked)
    {
        ArgumentNullException.ThrowIfNull(isRevoked);
        foreach (var purpose in new[] { KeyPurpose.Sign, KeyPurpose.Feed, KeyPurpose.Seal })
        {
            if (Entries.All(entry => entry.Purpose != purpose))
            {
                yield return $"The key ring has no {Name(purpose)} key: add one.";
            }
        }

        foreach (var ((purpose, algorithm), line) in _lines)
        {
            if (InUse(line, now, isRevoked) is null)
            {
                yield return $"The key ring has no {Name(purpose)} key ({algorithm}) in use: add one whose start has come.";
            }

            else if (line.FirstOrDefault(entry => entry.StartsAt > now && isRevoked(entry.KeyId) && InUse(line, entry.StartsAt, isRevoked) is null)
                is { } revoked)
            {
                // Its start supersedes the key in use all the same.
                yield return $"The key ring has no {Name(purpose)} key ({algorithm}) from {revoked.StartsAt.UtcDateTime:O} on, "
                    + "when its revoked standby would start: add one.";
            }

            if (line.All(entry => StateOf(entry, now, isRevoked) != KeyState.Standby))
            {
                yield return $"The key ring has no standby {Name(purpose)} key ({algorithm}): "
                    + "add one, so that the key in use can be revoked without an outage.";
            }
        }
    }

    /// <summary>The key that signs now; null if there is none.</summary>
    internal KeyRingEntry? FindSigningKey(SignatureAlgorithm algorithm, DateTimeOffset now, Func<string, bool> isRevoked) =>
        InUse(Line(KeyPurpose.Sign, algorithm.Name), now, isRevoked);

    /// <summary>The key that signs the feed now; null if there is none.</summary>
    internal KeyRingEntry? FindFeedKey(DateTimeOffset now, Func<string, bool> isRevoked) =>
        InUse(Line(KeyPurpose.Feed, SignatureAlgorithm.ES256.Name), now, isRevoked);

    /// <summary>The key that seals now; null if there is none.</summary>
    internal SealingKey? FindSealingKey(DateTimeOffset now, Func<string, bool> isRevoked) =>
        InUse(Line(KeyPurpose.Seal, SealingKey.Algorithm), now, isRevoked)?.SealingKey;

    /// <summary>The sealing key of this <c>kid</c>, whatever its state: <see cref="IsNeededForOpening"/> says if it still opens.</summary>
    internal KeyRingEntry? FindSealingEntry(string keyId) =>
        Array.Find(Line(KeyPurpose.Seal, SealingKey.Algorithm), entry => entry.KeyId == keyId);

    /// <summary>False once every refresh token that a sealing key can have sealed has expired, and a day more.</summary>
    internal bool IsNeededForOpening(KeyRingEntry entry, DateTimeOffset now)
    {
        var line = Line(KeyPurpose.Seal, SealingKey.Algorithm);
        var stoppedAt = entry.SealsUntil!.Value;
        if (SupersededAt(line, entry) is { } supersededAt && supersededAt < stoppedAt)
        {
            stoppedAt = supersededAt;
        }

        return now - stoppedAt < _options.LongestRefreshIdle + OpensLonger;
    }

    /// <summary>The keys whose revocation decides which key signs or seals now: the newest started and all after it.</summary>
    internal IEnumerable<string> KeyIdsThatDecide(SignatureAlgorithm algorithm, DateTimeOffset now)
    {
        foreach (var line in new[] { Line(KeyPurpose.Sign, algorithm.Name), Line(KeyPurpose.Seal, SealingKey.Algorithm) })
        {
            for (var i = Math.Max(0, NewestStarted(line, now)); i < line.Length; i++)
            {
                yield return line[i].KeyId;
            }
        }
    }

    internal bool HasSigningKey(SignatureAlgorithm algorithm) => Line(KeyPurpose.Sign, algorithm.Name).Length > 0;

    internal KeyRingOptions Options => _options;

    /// <summary>The keys of each purpose and algorithm, in the order of their starts.</summary>
    internal IReadOnlyDictionary<(KeyPurpose Purpose, string Algorithm), KeyRingEntry[]> Lines => _lines;

    /// <summary>One more user of the private halves; false if they are gone.</summary>
    internal bool TryEnter()
    {
        var users = Volatile.Read(ref _users);
        while (users > 0)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
            {
                return true;
            }

            users = seen;
        }

        return false;
    }

    /// <summary>One user less. The last one out drops the private halves.</summary>
    internal void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            foreach (var entry in Entries)
            {
                entry.DropPrivateHalf();
            }
        }
    }

    internal static string Name(KeyPurpose purpose) => purpose switch
    {
        KeyPurpose.Sign => "signing",
        KeyPurpose.Feed => "feed",
        KeyPurpose.Seal => "sealing",
        KeyPurpose.None => throw new ArgumentOutOfRangeException(nameof(purpose)),
    };

    /// <summary>
    /// The newest key whose start has come; if that one is revoked, or has sealed for long enough, the standby at once and
    /// whatever its start. A key before it never returns: who supersedes a key may have had reasons.
    /// </summary>
    private static KeyRingEntry? InUse(KeyRingEntry[] line, DateTimeOffset now, Func<string, bool> isRevoked)
    {
        var newest = NewestStarted(line, now);
        return newest < 0
            ? null
            : Array.Find(line[newest..], entry => !isRevoked(entry.KeyId) && !(entry.SealsUntil <= now));
    }

    /// <summary>The index of the newest key whose start has come; -1 if none has.</summary>
    internal static int NewestStarted(KeyRingEntry[] line, DateTimeOffset now) => Array.FindLastIndex(line, entry => entry.StartsAt <= now);

    private static DateTimeOffset? SupersededAt(KeyRingEntry[] line, KeyRingEntry entry)
    {
        var next = Array.IndexOf(line, entry) + 1;
        return next < line.Length ? line[next].StartsAt : null;
    }

    internal KeyRingEntry[] Line(KeyPurpose purpose, string algorithm) => _lines.GetValueOrDefault((purpose, algorithm), []);

    private KeySet Published(KeyPurpose purpose, DateTimeOffset now, Func<string, bool> isRevoked)
    {
        ArgumentNullException.ThrowIfNull(isRevoked);
        return new(Entries.Where(entry => entry.Purpose == purpose && IsPublished(entry, now, isRevoked))
            .Select(entry => entry.VerificationKey!));
    }

    private bool IsPublished(KeyRingEntry entry, DateTimeOffset now, Func<string, bool> isRevoked)
    {
        return StateOf(entry, now, isRevoked) switch
        {
            KeyState.Standby or KeyState.InUse => true,
            KeyState.PreviouslyUsed => SupersededAt(_lines[(entry.Purpose, entry.Algorithm)], entry) is { } supersededAt
                && now - supersededAt < _options.KeepPublished,
            KeyState.Revoked or KeyState.None => false,
        };
    }
}
