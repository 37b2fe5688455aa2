using TokenSessions.Service.Running;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Users;

try
{
    if (args is ["users", ..])
    {
        var command = WebApplication.CreateBuilder();
        return UsersCommand.Run(
            args.AsSpan(1), ServiceSettings.Read(command.Configuration, command.Environment.IsDevelopment()), Console.Out);
    }

    await ServiceHost.Build(args).RunAsync();
    return 0;
}
catch (StartException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
