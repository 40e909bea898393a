{% macro check_range(range) %}
    {% set grains = ['year', 'month', 'day', 'hour'] %}
    {% set keys = range.keys() | list if range is mapping else [] %}
    {% set bounded = 'start' in keys or 'end' in keys %}
    {% set known = keys | reject('in', ['column', 'start', 'end', 'grain']) | list == [] %}
    {% set grained = range.grain in grains if range is mapping else false %}
    {% if not range.column or not known or bounded == grained or ('grain' in keys and not grained) %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ': incremental_strategy replace_range needs range, as '
            ~ "{'column': 'ordered_at', 'start': '2024-01-01', 'end': '2024-02-01'} or "
            ~ "{'column': 'ordered_at', 'grain': 'month'}; a grain is one of "
            ~ grains | join(', ') ~ '. It is ' ~ range ~ '.'
        ) %}
    {% endif %}
{% endmacro %}
