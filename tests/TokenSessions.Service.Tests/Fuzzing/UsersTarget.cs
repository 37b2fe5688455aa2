using System.Text;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Users;
using TokenSessions.Tests.Fuzzing;

namespace TokenSessions.Service.Tests.Fuzzing;

/// <summary>The users file. One that is taken is the same when it was written and read again.</summary>
internal sealed class UsersTarget : IFuzzTarget
{
    private static readonly string Hash = Passwords.Decoy(Passwords.Cost);

    private static readonly string[] Rights =
        ["[]", "[\"a\"]", "[\"a\",\"a\"]", "[\"\"]", "[1]", "\"a\"", "null", "[\"a b\"]", $"[\"{new string('r', 128)}\"]", $"[\"{new string('r', 129)}\"]", "[\"\\ud800\"]", "[\"é\"]"];

    private static readonly DocumentMutator Mutator = new(new Dictionary<string, string[]>
    {
        ["users"] = ["[]", "{}", "null", "[[]]", "[null]"],
        ["name"] =
        [
            "\"\"", "\" \"", "\"admin\"", "\"client:x\"", "\"\\u202E\"", "\"\\u2028\"", "\"\\u0000\"", "\"\\ud800\"", "null", "1", $"\"{new string('n', 255)}\"",
            $"\"{new string('n', 256)}\"", "\"\\uDBFF\\uDFFF\"", "\"a\\\"b\"",
        ],
        ["password_hash"] =
        [
            "\"\"", "\"plain\"", "null", $"\"{Hash}\"", $"\"{Hash}=\"", $"\"{Hash[..^4]}\"", $"\" {Hash}\"", "\"AQ==\"", $"\"{new string('A', 100)}\"", $"\"AQAAAAL/////{Hash[12..]}\"",
            $"\"AQAAAAIAAzRQ/////{Hash[17..]}\"", $"\"{Hash[..40]}{new string('A', 600)}\"",
        ],
        ["roles"] = Rights,
        ["scopes"] = Rights,
        ["disabled"] = ["true", "false", "null", "0", "\"true\""],
        ["password"] = ["\"x\""],
    });

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tokensessions-users-");
    private readonly byte[] _good = Encoding.UTF8.GetBytes(
        $$"""
        {"users":[{"name":"admin","password_hash":"{{Hash}}","roles":["admin"],"scopes":["tokensessions.admin"],"disabled":false},
        {"name":"Zo\u00eb","password_hash":"{{Hash}}","roles":[],"scopes":["reports.read","reports.write"],"disabled":true},{"name":"x","password_hash":"{{Hash}}"}]}
        """);

    public UsersTarget() => UsersFile.Write(InPath, []);

    private string InPath => Path.Combine(_directory.FullName, "in.json");

    private string OutPath => Path.Combine(_directory.FullName, "out.json");

    public FuzzInput Next(Random random) => FuzzInput.Of(random.Next(30) == 0 ? _good : Mutator.Mutate(random, _good));

    public Task<bool> RunAsync(FuzzInput input)
    {
        using (var file = new FileStream(InPath, FileMode.Truncate)) // Keeps the permissions.
        {
            file.Write(input.Bytes);
        }

        IReadOnlyList<User> users;
        try
        {
            users = UsersFile.Read(InPath);
        }
        catch (StartException e)
        {
            FuzzFindingException.ThrowUnless(!e.Message.Contains(Hash, StringComparison.Ordinal), "The refusal shows a password hash.");
            FuzzFindingException.ThrowUnless(!e.Message.Any(char.IsControl), "The refusal breaks its line.");
            return Task.FromResult(false);
        }

        UsersFile.Write(OutPath, users);
        FuzzFindingException.ThrowUnless(UsersFile.Read(OutPath).Select(Shown).SequenceEqual(users.Select(Shown)), "It is not the same when it was written and read again.");
        return Task.FromResult(true);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return default;
    }

    private static string Shown(User user) =>
        $"{user.Name}|{user.PasswordHash}|{string.Join(',', user.Roles)}|{string.Join(',', user.Scopes)}|{user.IsDisabled}";
}
