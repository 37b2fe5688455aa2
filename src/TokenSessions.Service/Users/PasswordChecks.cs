namespace TokenSessions.Service.Users;

/// <summary>Checks passwords: one at a time per core, the rest wait in a queue that has an end.</summary>
/// <remarks>A check keeps a core busy for a tenth of a second. Without a queue a few hundred logins would starve every other request.</remarks>
internal sealed class PasswordChecks : IDisposable
{
    /// <summary>How many checks may wait for each core: about 3 seconds' worth, less than a client waits.</summary>
    public const int WaitingPerCore = 32;

    private readonly SemaphoreSlim _cores = new(Environment.ProcessorCount);
    private int _pending;

    /// <summary>How many checks run or wait at most.</summary>
    public static int Capacity => Environment.ProcessorCount * (1 + WaitingPerCore);

    /// <summary>Whether the password is the one behind the hash.</summary>
    /// <param name="hash">The user's hash, or a decoy.</param>
    /// <param name="password">What was typed.</param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <returns>Null if the queue is full: nothing was checked.</returns>
    public async Task<bool?> CheckAsync(string hash, string password, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _pending) > Capacity)
        {
            Interlocked.Decrement(ref _pending);
            return null;
        }

        try
        {
            await _cores.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(() => Passwords.IsMatch(hash, password), CancellationToken.None);
            }
            finally
            {
                _cores.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    public void Dispose() => _cores.Dispose();
}
