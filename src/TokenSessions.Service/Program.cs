using TokenSessions.Service.Commands;
using TokenSessions.Service.Keys;
using TokenSessions.Service.Running;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Store;
using TokenSessions.Service.Users;

try
{
    var (settings, command) = CommandLine.Split(args);
    return command switch
    {
        ["users", .. var rest] => UsersCommand.Run(
            rest, ServiceSettings.ReadPlaces(WebApplication.CreateBuilder(settings).Configuration), Console.Out),
        ["keys", .. var rest] => await RunAsync<KeysCommand>(settings, keys => keys.RunAsync(rest, CancellationToken.None)),
        ["table", .. var rest] => await RunAsync<TableCommand>(settings, table => table.RunAsync(rest, CancellationToken.None)),
        [[not ('-' or '/'), ..] word, ..] when !word.Contains('=', StringComparison.Ordinal) => Misspelt(),
        _ => await ServeAsync(args),
    };
}
catch (StartException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}

static int Misspelt()
{
    Console.WriteLine("usage: without a command the service is started; the commands are keys, table and users.");
    return 2;
}

static async Task<int> ServeAsync(string[] args)
{
    await using var service = ServiceHost.Build(args);
    await service.Services.GetRequiredService<ServiceStart>().RunAsync(CancellationToken.None); // Until the host runs, Ctrl+C ends the process.
    await service.RunAsync();
    return 0;
}

// The parts of the service, without starting it.
static async Task<int> RunAsync<T>(string[] settings, Func<T, Task<int>> run)
    where T : class
{
    await using var parts = ServiceHost.Build(settings);
    return await run(parts.Services.GetRequiredService<T>());
}
