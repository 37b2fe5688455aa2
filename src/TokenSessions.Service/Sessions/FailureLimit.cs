using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace TokenSessions.Service.Sessions;

/// <summary>How many failures each name may have: some at once, then one per interval. Successes are free.</summary>
/// <remarks>
/// <para>The generic cell rate algorithm: for each name the moment until which its failures are "paid". One number each, in a table
/// of fixed size, so that no flood of names can grow it or push anyone's debt out of it. Two names that meet in one place
/// share a limit; where a name lies follows from a secret of this process, so nobody can choose to meet another.</para>
/// <para>Checks that run side by side may all fail after they were let in; their debt delays the next ones.</para>
/// </remarks>
internal sealed class FailureLimit(int burst, TimeSpan interval, TimeProvider time)
{
    private const int Places = 1 << 16;

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
    private readonly long[] _paidUntil = new long[Places]; // In ticks since _start.
    private readonly long _start = time.GetTimestamp();

    /// <summary>How long this name has to wait; zero if it may try now.</summary>
    public TimeSpan Wait(string name)
    {
        var ahead = Ahead(Volatile.Read(ref _paidUntil[Place(name)]), Now);
        return ahead > 0 ? TimeSpan.FromTicks(ahead) : TimeSpan.Zero;
    }

    /// <summary>Counts a failure.</summary>
    /// <returns>Whether it was within the limit.</returns>
    public bool Count(string name)
    {
        ref var mark = ref _paidUntil[Place(name)];
        long seen, now;
        do
        {
            (seen, now) = (Volatile.Read(ref mark), Now);
        }
        while (Interlocked.CompareExchange(ref mark, Math.Max(seen, now) + interval.Ticks, seen) != seen);
        return Ahead(seen, now) <= 0;
    }

    /// <summary>The next failure has to fit: it moves the mark by one interval, and the mark may be a whole burst ahead.</summary>
    private long Ahead(long mark, long now) => mark - now + interval.Ticks - (burst * interval.Ticks);

    private long Now => time.GetElapsedTime(_start).Ticks;

    private int Place(string name) =>
        BinaryPrimitives.ReadInt32LittleEndian(HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes(name))) & (Places - 1);
}
