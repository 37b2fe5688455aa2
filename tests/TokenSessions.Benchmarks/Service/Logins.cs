using System.Net.Http.Json;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Service.Users;

namespace TokenSessions.Benchmarks.Service;

/// <summary>Logins at a service in a process of its own, with local keys: what is left is the password hash.</summary>
internal static class Logins
{
    private const string Password = "correct-horse-battery-staple";
    private const int Calls = 200;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task MeasureAsync()
    {
        var data = Directory.CreateTempSubdirectory("tokensessions-benchmark-");
        try
        {
            var address = RunningProcess.FreeAddress();
            await using var service = await RunningProcess.StartAsync(
                RunningProcess.Built("TokenSessions.Service"),
                address,
                new Dictionary<string, string>
                {
                    ["ASPNETCORE_ENVIRONMENT"] = "Development",
                    ["TokenSessions__Issuer"] = address.ToString().TrimEnd('/'),
                    ["TokenSessions__DataDirectory"] = Path.Combine(data.FullName, "data"),
                    ["TokenSessions__FirstRunPassword"] = Password,
                },
                CancellationToken.None);
            using var http = new HttpClient { BaseAddress = address, Timeout = Limit };
            await Load.RunAsync(Calls / 10, Environment.ProcessorCount, () => LoginAsync(http));
            var logins = await Load.RunAsync(Calls, Environment.ProcessorCount, () => LoginAsync(http));
            var cores = Environment.ProcessorCount;
            var hash = Passwords.Hash(Password);
            var hashes = await Load.RunAsync(Calls, cores, () => Task.Run(() => Passwords.IsMatch(hash, Password)));
            Console.WriteLine("| | calls | in flight | a second | a second and core | median | 99 % within |");
            Console.WriteLine("|---|---|---|---|---|---|---|");
            foreach (var (name, load) in new[] { ("`POST /login`", logins), ("the password hash alone", hashes) })
            {
                Console.WriteLine(
                    $"| {name} | {Calls} | {cores} | {load.PerSecond:0.0} | {load.PerSecond / cores:0.0} | {load.Milliseconds(0.5):0} ms | {load.Milliseconds(0.99):0} ms |");
            }
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task LoginAsync(HttpClient http)
    {
        using var answer = await http.PostAsJsonAsync("login", new Dictionary<string, string> { ["username"] = "demo", ["password"] = Password });
        answer.EnsureSuccessStatusCode();
    }
}
