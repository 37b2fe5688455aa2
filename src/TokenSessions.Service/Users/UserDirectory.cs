using TokenSessions.Issuing;
using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Users;

/// <summary>The users of the users file, read again when it changes. A broken new file is reported and the old users stay.</summary>
internal sealed class UserDirectory : ISubjectDirectory
{
    private readonly string _path;
    private volatile Loaded _loaded;

    /// <summary>Reads the file.</summary>
    /// <exception cref="StartException">It cannot be used.</exception>
    public UserDirectory(string path)
    {
        _path = path;
        var stamp = Stamp(); // Before reading: a change in between is then read again, not missed.
        _loaded = new(UsersFile.Read(path), stamp);
    }

    /// <summary>How many users there are.</summary>
    public int Count => _loaded.ByName.Count;

    /// <summary>The user of this name, or null.</summary>
    public User? Find(string name) => _loaded.ByName.GetValueOrDefault(name);

    /// <summary>What to check a password against: the user's hash, or for an unknown name one that costs as much and never matches.</summary>
    public string HashToCheck(User? user) => user?.PasswordHash ?? _loaded.Decoy;

    /// <summary>One step: reads the file if it has changed since it was last used.</summary>
    /// <returns>True if there are new users now.</returns>
    /// <exception cref="StartException">
    /// The changed file cannot be used, or is gone; the old users stay. Tried again at every call: a right that was put right
    /// changes neither the file's time nor its length.
    /// </exception>
    public bool Reload()
    {
        var stamp = Stamp();
        if (stamp == _loaded.Stamp)
        {
            return false;
        }

        _loaded = new(UsersFile.Read(_path), stamp);
        return true;
    }

    /// <inheritdoc/>
    public ValueTask<SubjectRecord?> FindAsync(string subject, CancellationToken cancellationToken) =>
        new(Find(subject) is { } user
            ? new SubjectRecord { IsEnabled = !user.IsDisabled, Roles = user.Roles, Scopes = user.Scopes }
            : null);

    private (DateTime WrittenAt, long Length) Stamp()
    {
        var file = new FileInfo(_path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    private sealed record Loaded
    {
        public Loaded(IReadOnlyList<User> users, (DateTime WrittenAt, long Length) stamp)
        {
            ByName = users.ToDictionary(user => user.Name, StringComparer.Ordinal);
            // As dear as the dearest real one, so that the time of an answer tells nobody which names exist.
            Decoy = Passwords.Decoy(users
                .Select(user => Passwords.FindIterations(user.PasswordHash, out _) ?? Passwords.Iterations)
                .Append(Passwords.Iterations)
                .Max());
            Stamp = stamp;
        }

        public Dictionary<string, User> ByName { get; }

        public string Decoy { get; }

        public (DateTime WrittenAt, long Length) Stamp { get; init; }
    }
}
