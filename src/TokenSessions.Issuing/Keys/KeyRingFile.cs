using System.Diagnostics.CodeAnalysis;

namespace TokenSessions.Issuing.Keys;

/// <summary>The key ring file and the ring read from it last. Owns no loop: its host calls <see cref="ReloadAsync"/>.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore's wait handle is never asked for, so there is nothing to dispose of.")]
public sealed class KeyRingFile : IDisposable
{
    /// <summary>How often a host should call <see cref="ReloadAsync"/>: 10 seconds.</summary>
    public static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(10);

    private readonly KeyRingReader _reader;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _reloading = new(1);
    private readonly Lock _gate = new();
    private volatile KeyRing _current;
    private byte[] _content;
    private bool _isDisposed;

    private KeyRingFile(string path, KeyRingReader reader, TimeProvider time, byte[] content, KeyRing ring) =>
        (Path, _reader, _time, _content, _current) = (path, reader, time, content, ring);

    /// <summary>Loads the ring. A signing key in this process proves itself against its published half now, another with each signature.</summary>
    /// <param name="path">The ring file.</param>
    /// <param name="options">How to load it. Copied.</param>
    /// <param name="time">The clock.</param>
    /// <param name="sources">Where private halves can be, beside files; each name once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every problem.</exception>
    /// <exception cref="KeyRingException">The file or a key cannot be used.</exception>
    public static async Task<KeyRingFile> OpenAsync(
        string path, KeyRingOptions options, TimeProvider time, IEnumerable<IKeySource>? sources = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(time);
        path = System.IO.Path.GetFullPath(path);
        var reader = new KeyRingReader(path, KeyRingOptions.Checked(options), sources ?? []);
        var content = reader.ReadFile();
        return new(path, reader, time, content, await reader.LoadAsync(content, cancellationToken).ConfigureAwait(false));
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
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<KeyRingReload> ReloadAsync(CancellationToken cancellationToken = default)
    {
        await _reloading.WaitAsync(cancellationToken).ConfigureAwait(false);
        KeyRing? fresh = null;
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var content = _reader.ReadFile();
            if (content.AsSpan().SequenceEqual(_content))
            {
                return new(KeyRingChange.None, "");
            }

            fresh = await _reader.LoadAsync(content, cancellationToken).ConfigureAwait(false);
            if (KeyRingSuccession.Problem(_current, fresh, _time.GetUtcNow()) is { } problem)
            {
                throw new KeyRingException($"{Path}: {problem}");
            }

            Replace(content, ref fresh);
            return new(KeyRingChange.Replaced, "");
        }
        catch (KeyRingException e)
        {
            return new(KeyRingChange.Refused, e.Message);
        }
        finally
        {
            fresh?.Leave();
            _reloading.Release();
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

    /// <summary>Not after it was closed: the new ring's private halves would stay.</summary>
    private void Replace(byte[] content, ref KeyRing? fresh)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var old = _current;
            (_current, _content, fresh) = (fresh!, content, null);
            old.Leave();
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

/// <summary>What one <see cref="KeyRingFile.ReloadAsync"/> did.</summary>
/// <param name="Change">Whether the ring is another one now.</param>
/// <param name="Problem">Why the file was refused; empty if it was not.</param>
public sealed record KeyRingReload(KeyRingChange Change, string Problem);

/// <summary>The outcomes of a <see cref="KeyRingFile.ReloadAsync"/>.</summary>
public enum KeyRingChange
{
    /// <summary>The file is as it was.</summary>
    None = 0,

    /// <summary>The ring is the file's new one.</summary>
    Replaced,

    /// <summary>The new file cannot be used; the old ring stays.</summary>
    Refused,
}
