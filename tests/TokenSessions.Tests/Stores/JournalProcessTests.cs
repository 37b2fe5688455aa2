using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>The journal under a process that dies, a disk that is full, and a second process (tests/TokenSessions.JournalProcess).</summary>
public sealed class JournalProcessTests : JournalTests
{
    private const int Kills = 24;
    private static readonly TimeSpan LongestLife = TimeSpan.FromMilliseconds(300);

    [Fact]
    public async Task A_process_killed_at_any_time_loses_nothing_it_acknowledged()
    {
        var acknowledged = new Acknowledged();
        var torn = 0;
        for (var round = 0; round < Kills; round++)
        {
            using (var process = Start("write"))
            {
                Assert.Equal("open", await process.StandardOutput.ReadLineAsync(Cancel));
                var reading = acknowledged.ReadAsync(process.StandardOutput);
                await Task.Delay(RandomNumberGenerator.GetInt32((int)LongestLife.TotalMilliseconds), Cancel);
                process.Kill(); // SIGKILL
                await process.WaitForExitAsync(Cancel);
                await reading;
            }

            await using var store = JournalStore.Open(Home, TimeProvider.System);
            torn += store.Outcome.TornBytes > 0 ? 1 : 0;
            await acknowledged.VerifyAsync(store);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{acknowledged.Count} acknowledged, {torn} torn tails");
        Assert.True(acknowledged.Count > Kills);
    }

    [Fact]
    public async Task A_second_process_is_refused_with_the_id_of_the_first_until_that_one_ends()
    {
        using var first = Start("hold");
        Assert.Equal("open", await first.StandardOutput.ReadLineAsync(Cancel));

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);
        Assert.Contains($"{Home} is in use by process {first.Id}", refused.Message, StringComparison.Ordinal);

        first.Kill();
        await first.WaitForExitAsync(Cancel);
        await using var store = Open();
    }

    [Fact]
    public async Task A_full_disk_makes_every_later_call_fail_and_loses_nothing_acknowledged()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "It has no limit on the size of a file.");
        var acknowledged = new Acknowledged();
        var lines = new List<string>();

        // 200 blocks of at least 512 bytes, with the signal ignored: a write behind that stops in its middle and then fails.
        using (var process = Start("fill", shellPrefix: "trap '' XFSZ; ulimit -f 200;"))
        {
            lines = await acknowledged.ReadAsync(process.StandardOutput);
            await process.WaitForExitAsync(Cancel);
            Assert.Equal(0, process.ExitCode);
        }

        Assert.Equal("failed", lines[0]);
        Assert.Equal(10, lines.Count(line => line.StartsWith("answer", StringComparison.Ordinal)));
        Assert.All(lines[1..], line => Assert.EndsWith(
            line.Contains("feed", StringComparison.Ordinal) ? " DenylistUnavailableException" : " SessionStoreUnavailableException",
            line,
            StringComparison.Ordinal));

        await using var store = JournalStore.Open(Home, TimeProvider.System);
        Assert.True(store.Outcome.TornBytes > 0);
        Assert.InRange(acknowledged.Count, 10, 100);
        await acknowledged.VerifyAsync(store);
    }

    private Process Start(string mode, string? shellPrefix = null)
    {
        var host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var program = Path.Combine(AppContext.BaseDirectory, "TokenSessions.JournalProcess.dll");
        var start = shellPrefix is null
            ? new ProcessStartInfo(host, ["exec", program, mode, Home])
            : new ProcessStartInfo("/bin/sh", ["-c", $"{shellPrefix} exec \"$0\" \"$@\"", host, "exec", program, mode, Home]);
        start.RedirectStandardOutput = true;
        start.RedirectStandardInput = true; // Ends with this process, and so does one that waits for it.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // Its memory is a file, which a limit on files would hit.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start)!;
    }

    /// <summary>What processes said the store had acknowledged to them.</summary>
    private sealed class Acknowledged
    {
        private readonly HashSet<string> _rules = [];
        private readonly Dictionary<string, long> _generations = [];
        private readonly Dictionary<string, long> _watermarks = [];

        public int Count { get; private set; }

        /// <summary>Reads to the end, and answers the lines that say something else.</summary>
        public async Task<List<string>> ReadAsync(StreamReader output)
        {
            var text = await output.ReadToEndAsync(Cancel);
            var others = new List<string>();
            foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var words = line.TrimEnd('\r').Split(' ');
                switch (words[0])
                {
                    case "rule":
                        _rules.Add(words[1]);
                        break;
                    case "generation":
                        _generations[words[1]] = Math.Max(_generations.GetValueOrDefault(words[1]), Number(words[2]));
                        break;
                    case "watermark":
                        _watermarks[words[1]] = Math.Max(_watermarks.GetValueOrDefault(words[1]), Number(words[2]));
                        break;
                    default:
                        others.Add(line);
                        continue;
                }

                Count++;
            }

            return others;
        }

        public async Task VerifyAsync(JournalStore store)
        {
            foreach (var values in _rules.Chunk(StoreLimits.KeysPerRead))
            {
                var keys = values.Select(value => new AuthorityKey(Issuer, RuleKind.Token, value)).ToArray();
                var items = await store.ReadAsync(keys, Cancel);
                Assert.All(keys, key => Assert.True(items[key].IsDenied));
            }

            foreach (var (session, generation) in _generations)
            {
                Assert.True((await JournalTests.ReadAsync(store, new(Issuer, RuleKind.Session, session)))!.Generation >= generation);
            }

            foreach (var (subject, watermark) in _watermarks)
            {
                Assert.True((await JournalTests.ReadAsync(store, new(Issuer, RuleKind.Subject, subject)))!.Watermark >= watermark);
            }
        }

        private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
    }
}
