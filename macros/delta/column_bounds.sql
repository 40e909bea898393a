{% macro column_bounds(delta, names, columns) %}
    {{ return(adapter.dispatch('column_bounds', 'firn')(delta, names, columns)) }}
{% endmacro %}

{% macro default__column_bounds(delta, names, columns) %}
    {#- Literals, because only literals prune files: each column's least and greatest
        value, cast to its type. Types without an order that files record are left out,
        and personal data, since logs keep the statement. -#}
    {% set personal = personal_columns() %}
    {% set types = {} %}
    {% for column in columns %}
        {% do types.update({column.name | lower: column.type}) %}
    {% endfor %}
    {% set parts, bounded = [], [] %}
    {% for name in names %}
        {% set type = types.get(name | lower, '') %}
        {% if type.split('(')[0] in _ordered_types() and not type.endswith(']')
            and name | lower not in personal %}
            {% set column = quoted_columns([name])[0] %}
            {% do bounded.append({'name': name, 'type': type}) %}
            {% for bound in ['min', 'max'] %}
                {% do parts.append('cast(' ~ bound ~ '(' ~ column ~ ') as ' ~ dbt.type_string() ~ ')') %}
            {% endfor %}
        {% endif %}
    {% endfor %}
    {% if not parts %}
        {{ return([]) }}
    {% endif %}
    {% set sql = 'select ' ~ json_array(parts) ~ ' from ' ~ delta %}
    {% set values = fromjson(run_query(sql).rows[0][0]) %}
    {% set bounds = [] %}
    {% for column, low, high in zip(bounded, values[::2], values[1::2]) if low is not none %}
        {% do bounds.append(dict(
            column,
            low=_typed_literal(low, column.type),
            high=_typed_literal(high, column.type),
        )) %}
    {% endfor %}
    {{ return(bounds) }}
{% endmacro %}

{% macro _ordered_types() %}
    {{ return([
        'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT', 'USMALLINT',
        'UINTEGER', 'UBIGINT', 'DECIMAL', 'VARCHAR', 'DATE', 'TIMESTAMP',
        'TIMESTAMP WITH TIME ZONE',
    ]) }}
{% endmacro %}

{% macro _typed_literal(text, type) %}
    {{ return('cast(' ~ text_literal(text) ~ ' as ' ~ sql_type(type) ~ ')') }}
{% endmacro %}
