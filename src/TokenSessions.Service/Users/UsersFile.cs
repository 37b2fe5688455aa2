using System.Buffers;
using System.Text.Json;
using TokenSessions.Issuing;
using TokenSessions.Service.Files;
using TokenSessions.Service.Settings;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Service.Users;

/// <summary>The format of the users file: <c>{"users":[{"name","password_hash","roles","scopes","disabled"}]}</c>.</summary>
internal static class UsersFile
{
    /// <summary>The largest file read, in bytes: some 50,000 users.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    /// <summary>The longest name, in bytes of UTF-8: what a <c>sub</c> may have.</summary>
    public const int MaxNameLength = 255;

    /// <summary>The most roles, and the most scopes, of one user: they travel in every token.</summary>
    public const int MaxRights = 50;

    /// <summary>The longest role or scope, in characters.</summary>
    public const int MaxRightLength = 128;

    private const char LineSeparator = '\u2028';
    private const char ParagraphSeparator = '\u2029';
    private const int MaxQuotedLength = 80;

    /// <summary>Every character of the property Bidi_Control (Unicode Standard Annex #9).</summary>
    private static readonly SearchValues<char> DirectionControls =
        SearchValues.Create("\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069");

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="StartException">It cannot be used; the message names the file, the user and the member.</exception>
    public static IReadOnlyList<User> Read(string path)
    {
        try
        {
            return Parse(PrivateFile.Read(path, MaxLength));
        }
        catch (FormatException e)
        {
            throw new StartException($"The users file {path} cannot be used: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new StartException($"The users file cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Replaces the file at once.</summary>
    /// <param name="path">The file.</param>
    /// <param name="users">All users.</param>
    /// <param name="beforeReplace">See <see cref="PrivateFile.Write"/>.</param>
    public static void Write(string path, IEnumerable<User> users, Action? beforeReplace = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("users");
            foreach (var user in users)
            {
                Write(writer, user);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        PrivateFile.Write(path, buffer.WrittenSpan, beforeReplace);
    }

    /// <summary>Why this cannot be a user's name, or null.</summary>
    public static string? NameProblem(string name)
    {
        if (SessionIssuerOptions.NameProblem(name) is not null)
        {
            return $"must have 1 to {MaxNameLength} bytes of well-formed text that is not blank and has no control characters.";
        }

        if (name.Any(c => c is LineSeparator or ParagraphSeparator) || name.AsSpan().ContainsAny(DirectionControls))
        {
            return "must have no line separators and no controls of the writing direction: it would look like another name.";
        }

        return name.StartsWith(SessionIssuer.ClientSubjectPrefix, StringComparison.Ordinal)
            ? $"must not begin with {SessionIssuer.ClientSubjectPrefix}, which is for machine clients."
            : null;
    }

    /// <summary>Why this cannot be a role, or with <paramref name="isScope"/> a scope (RFC 6749 §3.3), or null.</summary>
    public static string? RightProblem(string right, bool isScope)
    {
        if (right.Length is 0 or > MaxRightLength || right.Any(char.IsControl))
        {
            return $"must have 1 to {MaxRightLength} characters and no control characters.";
        }

        return isScope && right.Any(c => c is <= ' ' or '"' or '\\' or > '~')
            ? "must be a scope of RFC 6749 §3.3: printable ASCII without space, quote and backslash."
            : null;
    }

    private static void Write(Utf8JsonWriter writer, User user)
    {
        writer.WriteStartObject();
        writer.WriteString("name", user.Name);
        writer.WriteString("password_hash", user.PasswordHash);
        WriteList(writer, "roles", user.Roles);
        WriteList(writer, "scopes", user.Scopes);
        writer.WriteBoolean("disabled", user.IsDisabled);
        writer.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    private static List<User> Parse(byte[] content)
    {
        if (!StrictJson.IsObject(content))
        {
            throw new FormatException("it is not one strict JSON object (UTF-8 without a byte order mark, no duplicate names, nothing after it).");
        }

        using var document = JsonDocument.Parse(content);
        OnlyMembers(document.RootElement, "the file", "users");
        var list = document.RootElement.TryGetProperty("users", out var value) ? value : default;
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("users must be an array.");
        }

        var users = new List<User>(list.GetArrayLength());
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in list.EnumerateArray())
        {
            var user = ReadUser(entry, $"users[{users.Count}]");
            if (!names.Add(user.Name))
            {
                throw new FormatException($"users[{users.Count}] \"{user.Name}\": name is taken by an earlier user.");
            }

            users.Add(user);
        }

        return users;
    }

    private static User ReadUser(JsonElement entry, string place)
    {
        if (entry.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{place} must be an object.");
        }

        var name = Text(entry, "name", place);
        if (NameProblem(name) is { } problem)
        {
            throw new FormatException($"{place}: name {problem}");
        }

        place = $"{place} \"{name}\"";
        OnlyMembers(entry, place, "name", "password_hash", "roles", "scopes", "disabled");
        var hash = Text(entry, "password_hash", place);
        if (Passwords.FindCost(hash, out var hashProblem) is null)
        {
            throw new FormatException($"{place}: password_hash {hashProblem}");
        }

        return new(name, hash, Rights(entry, "roles", place, isScope: false), Rights(entry, "scopes", place, isScope: true), IsDisabled(entry, place));
    }

    private static void OnlyMembers(JsonElement entry, string place, params ReadOnlySpan<string> allowed)
    {
        foreach (var member in entry.EnumerateObject())
        {
            if (!allowed.Contains(member.Name))
            {
                throw new FormatException($"{place}: \"{Quote(member.Name)}\" is no member here; known are {string.Join(", ", allowed!)}.");
            }
        }
    }

    /// <summary>Of a file's text what may stand in a line of the log: short, and no line break or other control.</summary>
    private static string Quote(string text) =>
        JsonEncodedText.Encode(text.Length <= MaxQuotedLength ? text : $"{text.AsSpan(0, MaxQuotedLength)}…").ToString();

    private static string Text(JsonElement entry, string name, string place) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new FormatException($"{place}: {name} must be a string.");

    private static bool IsDisabled(JsonElement entry, string place)
    {
        if (!entry.TryGetProperty("disabled", out var value))
        {
            return false;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new FormatException($"{place}: disabled must be true or false."),
        };
    }

    private static List<string> Rights(JsonElement entry, string name, string place, bool isScope)
    {
        if (!entry.TryGetProperty(name, out var list))
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxRights)
        {
            throw new FormatException($"{place}: {name} must be an array of at most {MaxRights} strings.");
        }

        var rights = new List<string>();
        foreach (var value in list.EnumerateArray())
        {
            var right = value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
            var problem = RightProblem(right, isScope) ?? (rights.Contains(right) ? "stands there twice." : null);
            if (problem is not null)
            {
                throw new FormatException($"{place}: {name}[{rights.Count}] {problem}");
            }

            rights.Add(right);
        }

        return rights;
    }
}
