{% macro snapshot_keys() %}
    {#- As dbt has it, a key is a column or an expression. -#}
    {% set terms = [] %}
    {% for key in string_list(config.get('unique_key')) %}
        {% do terms.append(
            quoted_columns([key])[0] if _is_column_name(key) else '(' ~ key ~ ')'
        ) %}
    {% endfor %}
    {{ return(terms) }}
{% endmacro %}

{% macro check_snapshot_keys(source) %}
    {% set keys, expressions = string_list(config.get('unique_key')), [] %}
    {% for key in keys if not _is_column_name(key) %}
        {% do expressions.append('(' ~ key ~ ') as ' ~ quoted_columns([key])[0]) %}
    {% endfor %}
    {% if expressions %}
        {% set source = '(select *, ' ~ expressions | join(', ') ~ ' from ' ~ source ~ ')' %}
    {% endif %}
    {% do check_keys(source, keys) %}
{% endmacro %}

{% macro _is_column_name(key) %}
    {{ return(modules.re.fullmatch('[A-Za-z_][A-Za-z0-9_$]*|"([^"]|"")+"', key) is not none) }}
{% endmacro %}
