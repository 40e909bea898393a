{% macro examine_delta(delta, keys, columns) %}
    {#- One job instead of three: each costs more than what it does to a small delta. -#}
    {% set key = quoted_columns(keys) %}
    {% do refuse_unknown_keys(delta, key) %}
    {% set bounded = orderable_columns(bounded_columns(keys), columns) %}
    {% set inner = ['count(*) as firn_rows'] %}
    {% set outer = [
        'sum(firn_rows)',
        'max(firn_rows)',
        'count_if(' ~ key | join(' is null or ') ~ ' is null)',
    ] %}
    {% for column in bounded %}
        {% set quoted = quoted_columns([column.name])[0] %}
        {% do inner.append('min(' ~ quoted ~ ') as firn_min_' ~ loop.index) %}
        {% do inner.append('max(' ~ quoted ~ ') as firn_max_' ~ loop.index) %}
        {% do outer.append('min(firn_min_' ~ loop.index ~ ')') %}
        {% do outer.append('max(firn_max_' ~ loop.index ~ ')') %}
    {% endfor %}
    {% set texts = [] %}
    {% for term in outer %}
        {% do texts.append('cast(' ~ term ~ ' as string)') %}
    {% endfor %}
    {% set found = fromjson(run_query(
        'select ' ~ json_array(texts) ~ ' from (select ' ~ (key + inner) | join(', ')
        ~ ' from ' ~ delta ~ ' group by ' ~ key | join(', ') ~ ') as keys'
    ).rows[0][0]) %}
    {% set rows = (found[0] or 0) | int %}
    {% if not rows %}
        {{ return({'rows': 0, 'bounds': []}) }}
    {% endif %}
    {% if found[1] | int > 1 or found[2] | int > 0 %}
        {% do check_keys(delta, keys) %}  {#- which says which -#}
    {% endif %}
    {{ return({'rows': rows, 'bounds': bounds_of(bounded, found[3:])}) }}
{% endmacro %}
