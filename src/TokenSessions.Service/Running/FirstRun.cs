using System.Security.Cryptography;
using System.Text.Json;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Files;
using TokenSessions.Service.Sessions;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Users;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Service.Running;

/// <summary>Makes what a first start in Development lacks: a key ring, and a users file with two users.</summary>
/// <remarks>
/// Each file appears whole or not at all, the users last: a first run that was interrupted is continued by the next start.
/// The passwords are printed before the users file takes its place, so that none can be in force that nobody has seen.
/// </remarks>
/// <param name="settings">Where the files belong.</param>
/// <param name="output">Standard output; never the logger, whose lines are kept.</param>
/// <param name="time">The clock.</param>
internal sealed class FirstRun(ServiceSettings settings, TextWriter output, TimeProvider time)
{
    private const string PasswordCharacters = "abcdefghjkmnpqrstuvwxyz23456789"; // None that are taken for each other.
    private const int PasswordLength = 20; // 99 bits
    private const string PasswordVariable = $"{ServiceSettings.Section}__{nameof(ServiceSettings.FirstRunPassword)}";

    /// <summary>Makes the files that are missing.</summary>
    /// <exception cref="StartException">One could not be made, or is missing where none may be made.</exception>
    public void Run()
    {
        try
        {
            PrivateFile.CreateDirectory(settings.DataDirectory);
            if (IsToBeMade(settings.KeyRing, settings.IsKeyRingNamed, "KeyRing", "key ring"))
            {
                KeyRingWriter.Create(settings.KeyRing, time, Algorithms());
            }

            if (IsToBeMade(settings.Users, settings.IsUsersNamed, "Users", "users file"))
            {
                MakeUsers();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or KeyRingException)
        {
            throw new StartException(e.Message, e);
        }
    }

    private bool IsToBeMade(string path, bool isNamed, string setting, string what)
    {
        if (File.Exists(path))
        {
            return false;
        }

        if (settings.IsDevelopment && !isNamed)
        {
            return true;
        }

        throw new StartException(isNamed
            ? $"There is no {what} at {path}, which {ServiceSettings.Section}:{setting} names: make it, or correct the setting."
            : $"There is no {what} at {path}. Outside Development none is made at the first start: make it, or name another with "
                + $"{ServiceSettings.Section}:{setting} (environment variable {ServiceSettings.Section}__{setting}).");
    }

    private SignatureAlgorithm[] Algorithms() =>
    [
        .. settings.Audiences.Select(audience => SignatureAlgorithm.Find(audience.Algorithm))
            .OfType<SignatureAlgorithm>()
            .Append(SignatureAlgorithm.ES256)
            .Distinct(),
    ];

    private void MakeUsers()
    {
        var (admin, demo) = (NewPassword(), NewPassword());
        User[] users =
        [
            new("admin", Passwords.Hash(admin), ["admin"], [BearerSchemes.AdminScope], IsDisabled: false),
            new("demo", Passwords.Hash(demo), [], ["reports.read"], IsDisabled: false),
        ];
        UsersFile.Write(settings.Users, users, beforeReplace: () => Print(admin, demo));
    }

    private string NewPassword() => settings.FirstRunPassword ?? RandomNumberGenerator.GetString(PasswordCharacters, PasswordLength);

    private void Print(string admin, string demo)
    {
        output.WriteLine($"""

            First run: keys and users were made in {settings.DataDirectory}
            """);
        output.WriteLine(settings.FirstRunPassword is null
            ? $"""
              The users and their passwords, shown this once:

                admin  {admin}
                demo   {demo}
              """
            : $"The users are admin and demo, with the password of {ServiceSettings.Section}:{nameof(ServiceSettings.FirstRunPassword)}. "
                + $"The lines below take it from the variable {PasswordVariable}: set that in the shell you try them in.");
        output.WriteLine($"""

            To try it, when the service is up: log in, use the session, end it as the administrator. Then try the second line again.

            {string.Join('\n', Lines(admin, demo))}

            """);
        output.Flush();
    }

    /// <summary>The three lines to try, for any POSIX shell.</summary>
    private string[] Lines(string admin, string demo)
    {
        const string Token = """sed 's/.*"access_token":"\([^"]*\).*/\1/'""";
        var login = $"curl -s {settings.Issuer}/login -H 'Content-Type: application/json' -d";
        var adminLogin = $"{login} {Login("admin", admin, settings.Issuer)} | {Token}";
        return
        [
            $"TOKEN=$({login} {Login("demo", demo, null)} | {Token})",
            $"curl -i {settings.Issuer}/session -H \"Authorization: Bearer $TOKEN\"",
            $"curl -i {settings.Issuer}/admin/revocations -H \"Authorization: Bearer $({adminLogin})\" "
                + """-H 'Content-Type: application/json' -d '{"kind":"subject","value":"demo","reason":"trying it"}'""",
        ];
    }

    /// <summary>The JSON of a login as one word of a shell. A password that was set is not repeated: the shell takes it from the environment.</summary>
    private string Login(string name, string password, string? audience)
    {
        var secret = settings.FirstRunPassword is null
            ? password
            : $"'\"${PasswordVariable}\"'";
        var forAudience = audience is null ? "" : $",\"audience\":\"{JsonEncodedText.Encode(audience)}\"";
        return $"'{{\"username\":\"{name}\",\"password\":\"{secret}\"{forAudience}}}'";
    }
}
