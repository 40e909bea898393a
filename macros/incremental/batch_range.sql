{% macro batch_range() %}
    {% set batch = model.get('batch') %}
    {% if not batch or not config.get('event_time') %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": incremental_strategy 'microbatch' needs event_time, begin and "
            ~ 'batch_size.'
        ) %}
    {% endif %}
    {{ return({
        'column': config.get('event_time'),
        'start': batch.event_time_start | string,
        'end': batch.event_time_end | string,
    }) }}
{% endmacro %}
