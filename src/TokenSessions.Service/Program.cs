using TokenSessions.Service.Running;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Users;

try
{
    if (args is ["users", ..])
    {
        var (settings, command) = UsersCommand.Split(args);
        return UsersCommand.Run(
            command.AsSpan(1), ServiceSettings.ReadPlaces(WebApplication.CreateBuilder(settings).Configuration), Console.Out);
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
