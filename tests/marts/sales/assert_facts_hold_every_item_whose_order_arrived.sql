{# Fails when an item that came before its order was never picked up. #}
with

items as (

    select * from {{ ref('stg_ecom__items') }}

),

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

fct_order_items as (

    select * from {{ ref('fct_order_items') }}

)

select items.item_id
from items
inner join fct_orders on items.order_id = fct_orders.order_id
left join fct_order_items on items.item_id = fct_order_items.item_id
where fct_order_items.item_id is null
