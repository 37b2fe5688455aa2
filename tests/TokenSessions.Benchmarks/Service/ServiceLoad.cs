using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Benchmarks.Service;

/// <summary>What the service answers a second when keys and store are local; logins have a table of their own.</summary>
internal static class ServiceLoad
{
    private const string Password = "correct-horse-battery-staple";
    private const int Connections = 8;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    /// <summary>Prints the table.</summary>
    /// <param name="quick">2 s for each kind of request instead of 5 s.</param>
    public static async Task MeasureAsync(bool quick)
    {
        var duration = TimeSpan.FromSeconds(quick ? 2 : 5);
        var data = Directory.CreateTempSubdirectory("tokensessions-benchmark-");
        try
        {
            using var pinned = Cores.ForClient();
            await using var service = await StartAsync(Path.Combine(data.FullName, "data"));
            using var http = new HttpClient { BaseAddress = service.Address };
            Connection[] connections = [.. Enumerable.Range(0, Connections).Select(_ => new Connection(service.Address))];
            var refreshTokens = new Dictionary<Connection, string>();
            var accessToken = "";
            foreach (var connection in connections)
            {
                using var answer = await http.PostAsJsonAsync("login", new JsonObject { ["username"] = "demo", ["password"] = Password });
                var session = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>();
                refreshTokens[connection] = session!["refresh_token"]!.GetValue<string>();
                accessToken = session["access_token"]!.GetValue<string>();
            }

            Console.WriteLine($"{Connections} connections kept alive, {Cores.Description}; {duration.TotalSeconds} s each.");
            Console.WriteLine();
            Console.WriteLine("| the service is asked | requests/s | p50 | p99 | processor time a request |");
            Console.WriteLine("|---|---|---|---|---|");
            Measure("`POST /oauth2/token` (a refresh: a new pair of tokens, and a durable write)", connection => Refresh(connection, refreshTokens));
            Measure("`GET /session`", ClosedLoop.Cycle([Connection.Get("/session", accessToken)]));
            Measure("`GET /.well-known/jwks.json`", ClosedLoop.Cycle([Connection.Get("/.well-known/jwks.json", null)]));
            Array.ForEach(connections, connection => connection.Dispose());

            void Measure(string title, Func<Connection, byte[]> next)
            {
                ClosedLoop.Run(connections, next, WarmUp);
                var before = service.ProcessorTime;
                var load = ClosedLoop.Run(connections, next, duration);
                var processorTime = (service.ProcessorTime - before) / load.Times.Count;
                Console.WriteLine(
                    $"| {title} | {load.PerSecond:0} | {load.Milliseconds(0.5):0.00} ms | {load.Milliseconds(0.99):0.00} ms | {processorTime.TotalMicroseconds:0} µs |");
            }
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static Task<RunningProcess> StartAsync(string data)
    {
        var address = RunningProcess.FreeAddress();
        var (program, arguments) = Cores.ForServer("dotnet", RunningProcess.Built("TokenSessions.Service"));
        var settings = new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ASPNETCORE_CONTENTROOT"] = Path.GetDirectoryName(arguments[^1])!, // Where its settings file is.
            ["TokenSessions__Issuer"] = address.ToString().TrimEnd('/'),
            ["TokenSessions__DataDirectory"] = data,
            ["TokenSessions__FirstRunPassword"] = Password,
        };
        return RunningProcess.StartAsync(program, address, settings, CancellationToken.None, arguments);
    }

    /// <summary>Spends the token of the connection's last answer; at first, that of its login.</summary>
    private static byte[] Refresh(Connection connection, Dictionary<Connection, string> refreshTokens)
    {
        var body = connection.Body;
        var name = "\"refresh_token\":\""u8;
        if (body.IndexOf(name) is var at and >= 0)
        {
            var token = body[(at + name.Length)..];
            refreshTokens[connection] = Encoding.ASCII.GetString(token[..token.IndexOf((byte)'"')]);
        }

        return Connection.Post(
            "/oauth2/token", "application/x-www-form-urlencoded", $"grant_type=refresh_token&refresh_token={refreshTokens[connection]}");
    }
}
