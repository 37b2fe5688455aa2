namespace TokenSessions.Issuing.Keys;

/// <summary>What a changed ring file may not do to the ring in use. A restart, which knows no ring before, cannot see any of it.</summary>
internal static class KeyRingSuccession
{
    /// <summary>Why one ring may not follow another, with the remedy; null if it may.</summary>
    /// <param name="current">The ring in use.</param>
    /// <param name="fresh">The one to follow it.</param>
    /// <param name="now">The moment, UTC.</param>
    public static string? Problem(KeyRing current, KeyRing fresh, DateTimeOffset now) =>
        SealingProblem(current, fresh, now) ?? LineProblem(current, fresh, now) ?? AnnouncementProblem(current, fresh, now);

    private static string? SealingProblem(KeyRing current, KeyRing fresh, DateTimeOffset now)
    {
        foreach (var entry in current.Line(KeyPurpose.Seal, SealingKey.Algorithm))
        {
            if (fresh.FindSealingEntry(entry.KeyId) is { } same)
            {
                if (!same.SealingKey.HasBytesOf(entry.SealingKey))
                {
                    return $"the sealing key {entry.KeyId} is not the key it was: restore its file, and give a new key a kid of its own.";
                }
            }
            else if (current.IsNeededForOpening(entry, now))
            {
                return $"the sealing key {entry.KeyId} is missing, but still needed to open refresh tokens: put it back. "
                    + "A revoked one has to stay as long: without it, its tokens would be answered as if its instance only lacked the key yet.";
            }
        }

        return null;
    }

    private static string? LineProblem(KeyRing current, KeyRing fresh, DateTimeOffset now) => current.Lines
        .Select(line => LineProblem(line.Value, fresh.Line(line.Key.Purpose, line.Key.Algorithm), now))
        .FirstOrDefault(problem => problem is not null);

    /// <summary>A line of keys goes one way: what was superseded stays so, and what has begun does not end without a successor.</summary>
    private static string? LineProblem(KeyRingEntry[] current, KeyRingEntry[] fresh, DateTimeOffset now)
    {
        var (before, after) = (KeyRing.NewestStarted(current, now), KeyRing.NewestStarted(fresh, now));
        var name = $"{KeyRing.Name(current[0].Purpose)} key";
        for (var i = 0; i < before; i++)
        {
            if (Array.FindIndex(fresh, entry => entry.KeyId == current[i].KeyId) is var place && place >= Math.Max(after, 0))
            {
                return $"the {name} {current[i].KeyId} was superseded and would come back into use: leave every starts_at as it was, and "
                    + "remove a key only together with all older ones of its purpose and algorithm.";
            }
        }

        return fresh.Length == 0 || (before >= 0 && after < 0)
            ? $"there is no {name} ({current[0].Algorithm}) left whose start has come: put one back, or let the standby start now."
            : null;
    }

    private static string? AnnouncementProblem(KeyRing current, KeyRing fresh, DateTimeOffset now)
    {
        var earliest = now + fresh.Options.AnnounceTime;
        var hasty = fresh.Entries.FirstOrDefault(entry => entry.Purpose != KeyPurpose.Seal && entry.StartsAt < earliest
            && current.Entries.All(known => known.KeyId != entry.KeyId));
        return hasty is null
            ? null
            : $"the {KeyRing.Name(hasty.Purpose)} key {hasty.KeyId} is new and starts at {hasty.StartsAt:O}, before every verifier can know it: "
                + $"let it start at {earliest:O} or later. If the key in use is revoked, it takes over at once all the same.";
    }
}
