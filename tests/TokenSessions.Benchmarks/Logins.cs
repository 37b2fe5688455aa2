using System.Net.Http.Json;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Benchmarks;

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
            Console.WriteLine("| logins | in flight | logins/s | logins/s per core | median | 99 % within |");
            Console.WriteLine("|---|---|---|---|---|---|");
            Console.WriteLine($"| {Calls} | {cores} | {logins.PerSecond:0.0} | {logins.PerSecond / cores:0.0} | {logins.Milliseconds(0.5):0} ms | {logins.Milliseconds(0.99):0} ms |");
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
