using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Benchmarks.Service;

/// <summary>What the service answers a second when keys and store are local; logins have a table of their own.</summary>
internal static class ServiceLoad
{
    private const string Password = "correct-horse-battery-staple";
    private const int Connections = 8;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        var warmUp = TimeSpan.FromSeconds(effort.IsQuick ? 0.3 : 1);
        var (rounds, slice) = effort.IsQuick ? (5, TimeSpan.FromSeconds(0.1)) : (15, TimeSpan.FromSeconds(0.3));
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

            IReadOnlyList<Row> rows =
            [
                Measure(
                    $"service: a refresh, with a durable write, in a process with local keys ({Connections} connections kept alive, {Cores.Description})",
                    connection => Refresh(connection, refreshTokens)),
                Measure("… `GET /session`", ClosedLoop.Cycle([Connection.Get("/session", accessToken)])),
                Measure("… `GET /.well-known/jwks.json`", ClosedLoop.Cycle([Connection.Get("/.well-known/jwks.json", null)])),
            ];
            Array.ForEach(connections, connection => connection.Dispose());
            return rows;

            Row Measure(string what, Func<Connection, byte[]> next)
            {
                ClosedLoop.Run(connections, next, warmUp);
                var before = service.ProcessorTime;
                Load[] loads = [.. Enumerable.Range(0, rounds).Select(_ => ClosedLoop.Run(connections, next, slice))];
                return Row.Of(what, Load.Describe(loads, (service.ProcessorTime - before).TotalMicroseconds / loads.Sum(load => load.Times.Count)));
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
