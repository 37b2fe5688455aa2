namespace TokenSessions.Service.Commands;

/// <summary>The options of a command: <c>--name value</c>, or <c>--name</c> alone for a flag. Each is asked for once; what is left is misspelt.</summary>
internal sealed class CommandOptions
{
    private readonly List<string> _rest;

    public CommandOptions(IEnumerable<string> arguments) => _rest = [.. arguments];

    /// <summary>What nobody has asked for.</summary>
    public IReadOnlyList<string> Rest => _rest;

    /// <summary>Every value of an option, in order. An empty one is none: a variable of the shell that is not set.</summary>
    public IReadOnlyList<string> Values(string name)
    {
        var values = new List<string>();
        for (var at = _rest.IndexOf(name); at >= 0 && at + 1 < _rest.Count && _rest[at + 1].Length > 0; at = _rest.IndexOf(name))
        {
            values.Add(_rest[at + 1]);
            _rest.RemoveRange(at, 2);
        }

        return values;
    }

    /// <summary>The value of an option that stands there once or not at all; null if it is absent, or stands there twice.</summary>
    public string? Value(string name)
    {
        var values = Values(name);
        if (values.Count > 1)
        {
            _rest.Add(name); // So that the usage is shown.
        }

        return values.Count == 1 ? values[0] : null;
    }

    public bool Flag(string name) => _rest.Remove(name);
}
