{% macro check_keys(relation, keys, unique=true) %}
    {#- A NULL key would match nothing and be added again by every run; of two rows with
        one key, which one wins would be chance. -#}
    {% if keys %}
        {% set columns = quoted_columns(keys) %}
        {% do refuse_unknown_keys(relation, columns) %}
        {% set found = run_query(
            'select count(*) over () as bad, ' ~ row_json(none) ~ ' as example from '
            ~ relation ~ ' as checked where '
            ~ columns | join(' is null or ') ~ ' is null limit 1'
        ).rows %}
        {% if found | length > 0 %}
            {% do _refuse_keys(keys, 'is null in ' ~ found[0][0] ~ ' rows', found[0][1],
                'Filter them out, or give them a key.') %}
        {% endif %}
        {% if unique %}
            {% set found = run_query(
                'select count(*) over () as bad, ' ~ row_json(columns)
                ~ ' as example from ' ~ relation
                ~ ' group by ' ~ columns | join(', ') ~ ' having count(*) > 1 limit 1'
            ).rows %}
            {% if found | length > 0 %}
                {% do _refuse_keys(keys, 'is not unique: ' ~ found[0][0]
                    ~ ' keys have several rows', found[0][1], 'Keep one row of each key.') %}
            {% endif %}
        {% endif %}
    {% endif %}
{% endmacro %}

{% macro refuse_unknown_keys(relation, columns) %}
    {% set present = describe_query('select * from ' ~ relation) | map(attribute='name') | list %}
    {% set known = quoted_columns(present) | map('lower') | list %}
    {% for column in columns if column | lower not in known %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ': unique_key names ' ~ column ~ ', and there is no such column. '
            ~ "Give the columns of a key as a list, as ['a', 'b'], and an expression as a "
            ~ 'column of its own. The columns are ' ~ present | join(', ') ~ '.'
        ) %}
    {% endfor %}
{% endmacro %}

{% macro _refuse_keys(keys, what, example, remedy) %}
    {% do exceptions.raise_compiler_error(
        model.name ~ ': unique_key (' ~ keys | join(', ') ~ ') ' ~ what
        ~ ', for example ' ~ example_of(example) ~ '. ' ~ remedy ~ ' Nothing was committed.'
    ) %}
{% endmacro %}
