using System.Security.Cryptography;
using TokenSessions.Issuing;
using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Users;

/// <summary>The users of the users file, read again when it changes. A broken new file is reported and the old users stay.</summary>
internal sealed class UserDirectory : ISubjectDirectory
{
    private readonly string _path;
    private readonly byte[] _decoyKey = RandomNumberGenerator.GetBytes(Decoys.KeyLength);
    private volatile Loaded _loaded;

    /// <summary>Reads the file.</summary>
    /// <exception cref="StartException">It cannot be used.</exception>
    public UserDirectory(string path)
    {
        _path = path;
        var stamp = Stamp(); // Before reading: a change in between is then read again, not missed.
        _loaded = new(UsersFile.Read(path), stamp, _decoyKey);
    }

    /// <summary>How many users there are.</summary>
    public int Count => _loaded.ByName.Count;

    /// <summary>Whether anybody who can log in may have this scope.</summary>
    public bool IsGranted(string scope) => _loaded.ByName.Values.Any(user => !user.IsDisabled && user.Scopes.Contains(scope));

    /// <summary>The user of this name, or null.</summary>
    public User? Find(string name) => _loaded.ByName.GetValueOrDefault(name);

    /// <summary>What to check a password against: the user's hash, or for a name nobody has one that never matches.</summary>
    public string HashToCheck(string name, User? user) => user?.PasswordHash ?? _loaded.Decoys.For(name);

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

        _loaded = new(UsersFile.Read(_path), stamp, _decoyKey);
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
        public Loaded(IReadOnlyList<User> users, (DateTime WrittenAt, long Length) stamp, byte[] decoyKey)
        {
            ByName = users.ToDictionary(user => user.Name, StringComparer.Ordinal);
            Decoys = new(users.Select(user => user.PasswordHash), decoyKey);
            Stamp = stamp;
        }

        public Dictionary<string, User> ByName { get; }

        public Decoys Decoys { get; }

        public (DateTime WrittenAt, long Length) Stamp { get; }
    }
}
