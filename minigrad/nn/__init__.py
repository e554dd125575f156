from minigrad.nn import functional, init
from minigrad.nn.parameter import *
from minigrad.nn.module import Module
from minigrad.nn.linear import *
from minigrad.nn.containers import *
