using System.Diagnostics.CodeAnalysis;

namespace TokenSessions.Issuing.Keys;

/// <summary>The key ring file and the ring read from it last. Owns no loop: its host calls <see cref="Reload"/>.</summary>
public sealed class KeyRingFile : IDisposable
{
    /// <summary>How often a host should call <see cref="Reload"/>: 10 seconds.</summary>
    public static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(10);

    private readonly KeyRingOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private volatile KeyRing _current;
    private byte[] _content;
    private bool _isDisposed;

    /// <summary>Loads the ring. Each signing key proves itself against its published half.</summary>
    /// <param name="path">The ring file.</param>
    /// <param name="options">How to load it. Copied.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every problem.</exception>
    /// <exception cref="KeyRingException">The file or a key cannot be used.</exception>
    public KeyRingFile(string path, KeyRingOptions options, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options with { };
        if (_options.Problems().ToArray() is { Length: > 0 } problems)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        (Path, _time) = (System.IO.Path.GetFullPath(path), time);
        _content = KeyRingReader.ReadFile(Path);
        _current = KeyRingReader.Load(Path, _content, _options);
    }

    /// <summary>The full path of the ring file.</summary>
    public string Path { get; }

    /// <summary>The ring as last loaded.</summary>
    public KeyRing Current => _current;

    /// <summary>One step: reads the file again, and if it has changed, replaces the ring. A ring that cannot be used changes nothing.</summary>
    /// <remarks>
    /// Refused is also a ring that cannot follow the current one: a superseded key would come back, a purpose and algorithm would
    /// have no key left, a sealing key is missing that refresh tokens still need, or a new key would sign before verifiers know it.
    /// A file that was refused is tried again at every call: what it names may have been put right.
    /// </remarks>
    public KeyRingReload Reload()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            KeyRing? fresh = null;
            try
            {
                var content = KeyRingReader.ReadFile(Path);
                if (content.AsSpan().SequenceEqual(_content))
                {
                    return new(KeyRingChange.None, "");
                }

                fresh = KeyRingReader.Load(Path, content, _options);
                if (KeyRingSuccession.Problem(_current, fresh, _time.GetUtcNow()) is { } problem)
                {
                    throw new KeyRingException($"{Path}: {problem}");
                }

                var old = _current;
                (_current, _content, fresh) = (fresh, content, null);
                old.Leave();
                return new(KeyRingChange.Replaced, "");
            }
            catch (KeyRingException e)
            {
                return new(KeyRingChange.Refused, e.Message);
            }
            finally
            {
                fresh?.Leave();
            }
        }
    }

    /// <summary>The key that signs the denylist feed now; null if there is none.</summary>
    /// <param name="isRevoked">Whether a <c>key</c> rule stands against a <c>kid</c>.</param>
    public ISigningKey? FindFeedKey(Func<string, bool> isRevoked)
    {
        ArgumentNullException.ThrowIfNull(isRevoked);
        return _current.FindFeedKey(_time.GetUtcNow(), isRevoked) is { } entry ? new LeasedFeedKey(this, entry) : null;
    }

    /// <summary>Drops the private halves as soon as nobody uses them.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                _current.Leave();
            }
        }
    }

    /// <summary>The current ring, with its private halves alive until the lease is disposed.</summary>
    [SuppressMessage("Reliability", "CA2000", Justification = "The caller owns the lease.")]
    internal KeyRingLease Lease()
    {
        while (true)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var ring = _current;
            if (ring.TryEnter())
            {
                return new(ring);
            }
        }
    }
}

/// <summary>What one <see cref="KeyRingFile.Reload"/> did.</summary>
/// <param name="Change">Whether the ring is another one now.</param>
/// <param name="Problem">Why the file was refused; empty if it was not.</param>
public sealed record KeyRingReload(KeyRingChange Change, string Problem);

/// <summary>The outcomes of a <see cref="KeyRingFile.Reload"/>.</summary>
public enum KeyRingChange
{
    /// <summary>The file is as it was.</summary>
    None = 0,

    /// <summary>The ring is the file's new one.</summary>
    Replaced,

    /// <summary>The new file cannot be used; the old ring stays.</summary>
    Refused,
}
