using TokenSessions.Aws.Tests.Servers.Faults;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>Lets some requests go wrong, by a seed; the same request never more than <see cref="LongestRun"/> times running.</summary>
internal sealed class RandomFaults(int seed, int oneIn, params Fault[] faults)
{
    /// <summary>So many retries hide everything.</summary>
    public const int LongestRun = 2;

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _runs = [];

    public Fault Decide(AwsCall call)
    {
        lock (_gate)
        {
            var run = _runs.GetValueOrDefault(call.Body);
            if (run == LongestRun || _random.Next(oneIn) != 0)
            {
                _runs.Remove(call.Body);
                return Fault.None;
            }

            _runs[call.Body] = run + 1;
            return faults[_random.Next(faults.Length)];
        }
    }
}
