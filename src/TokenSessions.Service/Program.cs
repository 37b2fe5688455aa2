using TokenSessions.Service.Commands;
using TokenSessions.Service.Keys;
using TokenSessions.Service.Running;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Store;
using TokenSessions.Service.Users;

try
{
    var (settings, command) = CommandLine.Split(args);
    switch (command)
    {
        case ["users", .. var rest]:
            return UsersCommand.Run(rest, ServiceSettings.ReadPlaces(WebApplication.CreateBuilder(settings).Configuration), Console.Out);

        case ["keys", .. var rest]:
            {
                await using var parts = ServiceHost.Build(settings);
                return await parts.Services.GetRequiredService<KeysCommand>().RunAsync(rest, CancellationToken.None);
            }

        case ["table", .. var rest]:
            {
                await using var parts = ServiceHost.Build(settings);
                return await parts.Services.GetRequiredService<TableCommand>().RunAsync(rest, CancellationToken.None);
            }

        case [[not ('-' or '/'), ..] word, ..] when !word.Contains('=', StringComparison.Ordinal):
            await Console.Out.WriteLineAsync("usage: without a command the service is started; the commands are keys, table and users.");
            return 2;
    }

    await using var service = ServiceHost.Build(args);
    await service.Services.GetRequiredService<ServiceStart>().RunAsync(CancellationToken.None); // Until the host runs, Ctrl+C ends the process.
    await service.RunAsync();
    return 0;
}
catch (StartException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
