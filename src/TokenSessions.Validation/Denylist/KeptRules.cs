namespace TokenSessions.Validation.Denylist;

/// <summary>The rules of tables and loose ones, one after the other, without those that have aged.</summary>
/// <param name="tables">Tables.</param>
/// <param name="rules">Loose rules, in any order; a key may stand here more than once.</param>
/// <param name="keptFrom">What is stamped before this, in milliseconds since 1970 UTC, has aged.</param>
internal readonly ref struct KeptRules(ReadOnlySpan<RuleTable> tables, IReadOnlyList<DenylistRule> rules, long keptFrom)
{
    private readonly ReadOnlySpan<RuleTable> _tables = tables;

    /// <summary>Whether the window, and the time beyond it, have passed a rule. They never pass a standing one.</summary>
    public static bool IsAged(in DenylistRule rule, long keptFrom) => !rule.IsStanding && rule.StampedAt < keptFrom;

    public Enumerator GetEnumerator() => new(_tables, rules, keptFrom);

    public ref struct Enumerator(ReadOnlySpan<RuleTable> tables, IReadOnlyList<DenylistRule> rules, long keptFrom)
    {
        private readonly int _count = rules.Count;
        private ReadOnlySpan<RuleTable> _tables = tables;
        private int _next;
        private DenylistRule _current;

        public readonly DenylistRule Current => _current;

        public bool MoveNext()
        {
            while (TryNext())
            {
                if (!IsAged(_current, keptFrom))
                {
                    return true;
                }
            }

            return false;
        }

        private bool TryNext()
        {
            while (_tables.Length > 0 && _next == _tables[0].Count)
            {
                _tables = _tables[1..];
                _next = 0;
            }

            if (_tables.Length > 0)
            {
                _current = _tables[0][_next++];
                return true;
            }

            if (_next < _count)
            {
                _current = rules[_next++];
                return true;
            }

            return false;
        }
    }
}
