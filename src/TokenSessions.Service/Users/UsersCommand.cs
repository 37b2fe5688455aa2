using System.Text;
using TokenSessions.Service.Files;
using TokenSessions.Service.Sessions;
using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Users;

/// <summary>The command <c>users add NAME</c>: writes one user to the users file. The service picks the change up by itself.</summary>
/// <remarks>A user who exists gets the new password; roles and scopes change only where the command names some, and a disabled user stays so.</remarks>
internal static class UsersCommand
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private const string Usage = """
        usage: users add NAME [--role ROLE]... [--scope SCOPE]... [--TokenSessions:DataDirectory=DIRECTORY] [--TokenSessions:Users=FILE]
        Reads the password, one line of UTF-8, from standard input. A user who exists gets the new password, and keeps roles and scopes unless some are given.
        """;

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">Those after <c>users</c>, without settings.</param>
    /// <param name="settings">Where the users file is.</param>
    /// <param name="output">Where to say what was done.</param>
    /// <returns>The exit code: 0, or 2 if the command was misspelt.</returns>
    /// <exception cref="StartException">The user cannot be added; nothing was changed.</exception>
    public static int Run(ReadOnlySpan<string> arguments, ServiceSettings settings, TextWriter output)
    {
        if (arguments is not ["add", var name, .. var options] || ReadRights(options) is not { } rights)
        {
            output.WriteLine(Usage);
            return 2;
        }

        if (UsersFile.NameProblem(name) is { } problem)
        {
            throw new StartException($"The name {problem}");
        }

        var password = ReadPassword(output);
        if (Passwords.Problem(password) is { } passwordProblem)
        {
            throw new StartException($"The password {passwordProblem}");
        }

        output.WriteLine(Add(settings, name, Passwords.Hash(password), rights));
        return 0;
    }

    private static string Add(ServiceSettings settings, string name, string hash, Rights rights)
    {
        try
        {
            if (!settings.IsUsersNamed)
            {
                PrivateFile.CreateDirectory(settings.DataDirectory);
            }

            using var writing = PrivateFile.Lock($"{settings.Users}.lock");
            List<User> users = File.Exists(settings.Users) ? [.. UsersFile.Read(settings.Users)] : [];
            var index = users.FindIndex(user => user.Name == name);
            if (index < 0)
            {
                users.Add(new(name, hash, rights.Roles ?? [], rights.Scopes ?? [], IsDisabled: false));
                UsersFile.Write(settings.Users, users);
                return users.Count > 1
                    ? $"Added {name} to {settings.Users}."
                    : $"Added {name} to {settings.Users}, as its only user. Where that file exists, a first start in Development makes no users: "
                        + $"an administrator is one with --scope {BearerSchemes.AdminScope}.";
            }

            var user = users[index];
            users[index] = user with { PasswordHash = hash, Roles = rights.Roles ?? user.Roles, Scopes = rights.Scopes ?? user.Scopes };
            UsersFile.Write(settings.Users, users);
            return $"Gave {name} in {settings.Users} a new password.{(user.IsDisabled ? " The user is still disabled." : "")}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new StartException($"The users file was not changed: {e.Message}", e);
        }
    }

    /// <summary>Null if the options are misspelt.</summary>
    private static Rights? ReadRights(ReadOnlySpan<string> options)
    {
        List<string>? roles = null;
        List<string>? scopes = null;
        for (; options.Length > 0; options = options[2..])
        {
            if (options is not [var option and ("--role" or "--scope"), var value, ..])
            {
                return null;
            }

            var isScope = option == "--scope";
            if (UsersFile.RightProblem(value, isScope) is { } problem)
            {
                throw new StartException($"The {option[2..]} {problem}");
            }

            var list = isScope ? scopes ??= [] : roles ??= [];
            if (!list.Contains(value))
            {
                list.Add(value);
            }

            if (list.Count > UsersFile.MaxRights)
            {
                throw new StartException($"A user has at most {UsersFile.MaxRights} roles and as many scopes.");
            }
        }

        return new(roles, scopes);
    }

    /// <summary>One line. Where a person types it, nothing is shown.</summary>
    private static string ReadPassword(TextWriter output)
    {
        if (Console.IsInputRedirected)
        {
            using var input = Console.OpenStandardInput();
            return ReadLine(input);
        }

        output.Write("Password: ");
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else
            {
                typed.Append(key.KeyChar);
            }
        }

        output.WriteLine();
        return typed.ToString();
    }

    /// <summary>Bytes that are not UTF-8 are refused: read as U+FFFD they would make a password that nobody typed.</summary>
    private static string ReadLine(Stream input)
    {
        var line = new List<byte>();
        for (int next; (next = input.ReadByte()) is not (-1 or '\n');)
        {
            line.Add((byte)next);
            if (line.Count > Passwords.MaxLength + 1) // With the carriage return of a Windows file.
            {
                throw new StartException($"The password {Passwords.LengthProblem}");
            }
        }

        if (line is [.., (byte)'\r'])
        {
            line.RemoveAt(line.Count - 1);
        }

        try
        {
            return StrictUtf8.GetString([.. line]);
        }
        catch (DecoderFallbackException e)
        {
            throw new StartException("The password on standard input is not UTF-8.", e);
        }
    }

    private sealed record Rights(IReadOnlyList<string>? Roles, IReadOnlyList<string>? Scopes);
}
