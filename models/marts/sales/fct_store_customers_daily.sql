with

orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

stores as (

    select * from {{ ref('dim_stores') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

{# by customer and not by version: who is renamed is still one customer #}
visits as (

    select
        orders.store_key,
        customers.customer_id,
        orders.order_date
    from orders
    inner join customers on orders.customer_key = customers.customer_key

),

visits_counted as (

    select
        store_key,
        order_date,
        count(*) as order_count,
        count(distinct customer_id) as customer_count
    from visits
    group by store_key, order_date

),

first_visits as (

    select
        store_key,
        customer_id,
        min(order_date) as first_order_date
    from visits
    group by store_key, customer_id

),

first_visits_counted as (

    select
        store_key,
        first_order_date,
        count(*) as new_customer_count
    from first_visits
    group by store_key, first_order_date

),

{# from the first order where the opening is not known, or was not the first #}
stores_opened as (

    select
        stores.store_key,
        least(stores.opening_date, min(visits_counted.order_date)) as first_date
    from stores
    left join visits_counted on stores.store_key = visits_counted.store_key
    group by stores.store_key, stores.opening_date

),

period as (

    select max(order_date) as last_order_date
    from orders

),

{# every day since the opening has a row, so that a balance can be read on any day #}
fct_store_customers_daily as (

    select
        {{ surrogate_key(['stores_opened.store_key', 'dates.date_key']) }}
            as store_customers_daily_key,
        stores_opened.store_key,
        dates.date_key,

        cast(coalesce(visits_counted.order_count, 0) as bigint) as order_count,
        cast(coalesce(visits_counted.customer_count, 0) as bigint) as customer_count,
        cast(
            coalesce(first_visits_counted.new_customer_count, 0) as bigint
        ) as new_customer_count,
        cast(
            sum(coalesce(first_visits_counted.new_customer_count, 0)) over (
                partition by stores_opened.store_key order by dates.date_day
                rows between unbounded preceding and current row
            ) as bigint
        ) as customers_to_date_count,

        dates.date_day

    from stores_opened
    cross join period
    inner join dates
        on
            stores_opened.first_date <= dates.date_day
            and period.last_order_date >= dates.date_day
    left join visits_counted
        on
            stores_opened.store_key = visits_counted.store_key
            and dates.date_day = visits_counted.order_date
    left join first_visits_counted
        on
            stores_opened.store_key = first_visits_counted.store_key
            and dates.date_day = first_visits_counted.first_order_date

)

select * from fct_store_customers_daily
